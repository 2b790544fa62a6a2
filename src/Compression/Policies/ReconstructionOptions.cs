namespace KVCluster.Compression.Policies;

/// <summary>How KVzip (arXiv 2505.23416) has the model repeat its context: chunk by chunk, each alone from position N on.</summary>
/// <param name="ChunkTokens">Context tokens a chunk; a chunk's replay scores only its own slots.</param>
/// <param name="PostfixTokens">So many tokens of the chunk before, repeated in the prompt of each later chunk to say where it begins.</param>
public sealed record ReconstructionOptions(int ChunkTokens, int PostfixTokens)
{
    /// <summary>
    /// The softmax runs only over the chunk, the first <see cref="SubsampleSinks"/> positions and the replay itself, as the reference
    /// computes it; false: over the whole cache.
    /// </summary>
    public bool Subsample { get; init; }

    /// <summary>Sinks that share the subsampled softmax of chunks after the first.</summary>
    public int SubsampleSinks { get; init; }
}
