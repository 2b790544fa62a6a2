using System.Text.Json.Serialization.Metadata;

namespace KVCluster.Silo.Gateway.OpenApi;

/// <summary>One method of one path, as the OpenAPI document says it.</summary>
/// <param name="Method">In capitals.</param>
/// <param name="Path">As it is routed.</param>
/// <param name="Id">A name for generated clients.</param>
/// <param name="Summary">What it does, in a sentence.</param>
internal sealed record ApiOperation(string Method, string Path, string Id, string Summary)
{
    /// <summary>The role a key needs; null: none.</summary>
    public CallerRole? Role { get; init; }

    /// <summary>The status of success.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The body's schema (<see cref="RequestSchemas"/>); null: no body.</summary>
    public string? Request { get; init; }

    /// <summary>A body that works on a session that the examples before it made; "" where the body has no fields.</summary>
    public string? Example { get; init; }

    /// <summary>The answer's body; null: none, or no JSON.</summary>
    public JsonTypeInfo? Response { get; init; }

    /// <summary>Whether "stream": true makes server-sent events of the answer.</summary>
    public bool Streams { get; init; }

    /// <summary>Whether the answer is a stream of events that does not end by itself.</summary>
    public bool IsEndless { get; init; }

    /// <summary>What follows '?', each with its description.</summary>
    public IReadOnlyList<(string Name, string Type, string Description)> Query { get; init; } = [];

    /// <summary>Request headers that mean something here.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];
}
