namespace KVCluster.Evaluation.Samples;

/// <summary>One question about a sample's context.</summary>
public sealed record SampleQuestion
{
    /// <summary>The question, with what stands between it and the context; not blank.</summary>
    public required string Text { get; init; }

    /// <summary>How the answer is opened for the model; may be empty.</summary>
    public string AnswerPrefix { get; init; } = "";

    /// <summary>Strings that a right answer holds, at least one.</summary>
    public required IReadOnlyList<string> Expected { get; init; }

    /// <summary>Most tokens of the answer, at least 1.</summary>
    public required int MaxNewTokens { get; init; }

    /// <summary>
    /// Tokens that a right answer needs, at least 1: what must fit the model's context. Where the context ends before
    /// <see cref="MaxNewTokens"/>, so does the answer.
    /// </summary>
    public int AnswerRoom
    {
        get => field == 0 ? MaxNewTokens : field;
        init;
    }
}
