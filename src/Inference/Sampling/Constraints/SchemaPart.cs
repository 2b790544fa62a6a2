using System.Text.Json;

namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>One schema object and which of its keywords were understood, so that none is silently ignored.</summary>
internal sealed class SchemaPart(JsonElement schema, string path, IReadOnlySet<string> annotations)
{
    private readonly HashSet<string> _used = [];

    /// <summary>JSON pointer.</summary>
    public string Path { get; } = path;

    public string At(string keyword) => $"{Path}/{keyword}";

    public bool Has(string keyword) => schema.TryGetProperty(keyword, out _);

    public JsonElement? Take(string keyword)
    {
        if (!schema.TryGetProperty(keyword, out JsonElement value))
        {
            return null;
        }

        _used.Add(keyword);
        return value;
    }

    /// <summary>A keyword that counts: a whole number from 0 to the limit.</summary>
    public int? TakeCount(string keyword, int limit)
    {
        if (Take(keyword) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int count) && count >= 0 && count <= limit
            ? count
            : throw JsonSchemaGrammar.Fault(At(keyword), $"must be a whole number from 0 to {limit}");
    }

    public void RequireAllUsed()
    {
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            if (!_used.Contains(keyword.Name) && !annotations.Contains(keyword.Name))
            {
                throw JsonSchemaGrammar.Fault(At(keyword.Name), "is not supported");
            }
        }
    }
}
