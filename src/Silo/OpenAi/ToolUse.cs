using System.Text.Json;

namespace KVCluster.Silo.OpenAi;

/// <summary>Tools of a request and what the model may do with them.</summary>
/// <param name="Tools">Functions as chat templates read them; none where they may not be called.</param>
/// <param name="MayCall">Whether an answer may be a call.</param>
/// <param name="CallSchema">The JSON Schema of the call that the answer must be; null: the model decides.</param>
internal sealed record ToolUse(IReadOnlyList<JsonElement> Tools, bool MayCall, string? CallSchema)
{
    public static ToolUse None { get; } = new([], false, null);
}
