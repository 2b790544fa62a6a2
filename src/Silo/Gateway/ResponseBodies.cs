using System.Text.Json.Serialization;

namespace KVCluster.Silo.Gateway;

/// <summary>A response object of <c>/v1/responses</c>.</summary>
internal sealed record ResponseBody(
    string Id,
    string Object,
    long CreatedAt,
    string Status,
    string Model,
    IReadOnlyList<OutputItem> Output,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ResponseUsage? Usage,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? PreviousResponseId)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public object? Error { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IncompleteDetails? IncompleteDetails { get; init; }

    public bool ParallelToolCalls => true;

    public string ToolChoice => "auto";

    public IReadOnlyList<string> Tools => [];
}

/// <summary>Why a response was cut short.</summary>
internal sealed record IncompleteDetails(string Reason);

/// <summary>A message or a function call of a response; only the fields of its type are there.</summary>
internal sealed record OutputItem(string Type, string Id, string Status)
{
    public string? Role { get; init; }

    public IReadOnlyList<OutputText>? Content { get; init; }

    public string? CallId { get; init; }

    public string? Name { get; init; }

    public string? Arguments { get; init; }
}

/// <summary>The text of a message.</summary>
internal sealed record OutputText(string Type, string Text, IReadOnlyList<string> Annotations);

/// <summary>Tokens of a response.</summary>
internal sealed record ResponseUsage(
    int InputTokens, InputTokensDetails InputTokensDetails, int OutputTokens, OutputTokensDetails OutputTokensDetails, int TotalTokens);

/// <summary>How many of the input's tokens need not be computed.</summary>
internal sealed record InputTokensDetails(int CachedTokens);

/// <summary>Reasoning is not told apart here.</summary>
internal sealed record OutputTokensDetails(int ReasoningTokens);

/// <summary>One event of a streamed response; only the fields of its type are there.</summary>
internal sealed record ResponseEvent(string Type, int SequenceNumber)
{
    public ResponseBody? Response { get; init; }

    public int? OutputIndex { get; init; }

    public int? ContentIndex { get; init; }

    public string? ItemId { get; init; }

    public OutputItem? Item { get; init; }

    public OutputText? Part { get; init; }

    public string? Delta { get; init; }

    public string? Text { get; init; }
}
