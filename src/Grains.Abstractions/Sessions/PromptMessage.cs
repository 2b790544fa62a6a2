namespace KVCluster.Grains;

/// <summary>One chat message of a prompt, framed by the model's template. Its text never makes special tokens.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.PromptMessage")]
public sealed record PromptMessage
{
    /// <summary>Who says it: <see cref="User"/> or <see cref="Tool"/>.</summary>
    [Id(0)]
    public required string Role { get; init; }

    /// <summary>Its text; of a tool, the call's result.</summary>
    [Id(1)]
    public required string Content { get; init; }

    /// <summary>Which call a tool's result is of; null: the template needs no id.</summary>
    [Id(2)]
    public string? ToolCallId { get; init; }

    /// <summary>The function's name; null: the template needs none.</summary>
    [Id(3)]
    public string? Name { get; init; }

    /// <summary>The role of what users say.</summary>
    public const string User = "user";

    /// <summary>The role of what functions returned.</summary>
    public const string Tool = "tool";
}
