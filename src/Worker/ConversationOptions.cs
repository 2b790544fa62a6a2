using KVCluster.Inference.Backend;

namespace KVCluster.Worker;

/// <summary>How a conversation is kept.</summary>
public sealed record ConversationOptions
{
    /// <summary>Attention gathered as the conversation goes, for policies that score by what was observed. Null: none.</summary>
    public ObservationOptions? Observe { get; init; } = new();
}
