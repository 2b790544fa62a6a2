using System.Text.Json;

namespace KVCluster.Inference.Tokenization;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">"system", "user", "assistant", "tool", or what else the model's template knows.</param>
/// <param name="Content">Its text.</param>
public sealed record ChatMessage(string Role, string Content)
{
    /// <summary>Further fields the template may look at ("tool_calls", "name", "tool_call_id", ...); null where there are none.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Fields { get; init; }
}
