namespace KVCluster.Compression.Policies;

/// <summary>Whose queries' attention a policy wants.</summary>
public enum AttentionSource
{
    /// <summary>The context replayed against its own cache, at positions from N on: what a conversation not yet known may ask.</summary>
    Replay,

    /// <summary>
    /// The queries of the prefill and of decoding, as they came: no extra pass. Gathered by KV head, as the mean over its group.
    /// </summary>
    Observed,

    /// <summary>Prompts given by the caller, each run alone against the cache from position N on.</summary>
    Task,

    /// <summary>The last queries of the history, run again at their own positions, each seeing the slots up to its own.</summary>
    Window,

    /// <summary>The context repeated chunk by chunk after a prompt that asks for it (<see cref="AttentionRequest.Reconstruction"/>).</summary>
    Reconstruction,
}
