using KVCluster.Inference.Tokenization;
using KVCluster.Worker;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>A device's turn as its caller and the session's state see it.</summary>
internal static class TurnResults
{
    /// <summary>One token's chunk.</summary>
    public static TokenChunk Chunk(GeneratedPiece piece) => new()
    {
        Tokens = [piece.Token],
        Text = piece.Text,
        LogProbability = piece.LogProbability,
        Alternatives = piece.TopLogProbabilities is { Count: > 0 } top
            ? [.. top.Select(t => new TokenProbability(t.Token, t.LogProbability))]
            : [],
    };

    /// <summary>The acknowledgement.</summary>
    public static TokenChunk Last(TurnResult result) => new() { Tokens = [], Text = "", Result = result };

    public static TurnOutcome Outcome(TurnPlan plan, TurnEnd end, string node, DateTimeOffset now) => new()
    {
        Prompt = plan.Prompt.Tokens,
        Answer = end.Completion is { } completion ? [.. completion.Tokens] : [],
        Text = end.Completion?.Text ?? "",
        Finish = Finish(end.Completion?.Reason, plan.IsClipped),
        Cached = Math.Min(end.Attach.CachedTokens, plan.History.Length),
        StopString = end.Completion?.StopString,
        Seed = end.Completion?.Seed,
        LeavesMessageOpen = plan.Prompt.LeavesMessageOpen,
        Compressions = Entries(end.Compressions),
        Node = node,
        Ended = now,
    };

    public static TurnResult Result(TurnPlan plan, TurnOutcome outcome, TurnEnd end) => new()
    {
        Finish = outcome.Finish,
        HistoryTokens = plan.History.Length,
        PromptTokens = outcome.Prompt.Length,
        AnswerTokens = outcome.Answer.Length,
        CachedTokens = outcome.Cached,
        Text = outcome.Text,
        StopString = outcome.StopString,
        Seed = outcome.Seed,
        FirstTokenSeconds = end.FirstTokenSeconds,
        Seconds = end.Seconds,
    };

    /// <summary>A recorded turn again: the answer's text is made of its tokens as it was made then.</summary>
    public static (int[] Answer, TurnResult Result) Repeat(SessionState state, TurnRecord turn, Tokenizer tokenizer)
    {
        int[] answer = TokenBytes.Decode(state.Tokens, state.Count)[(turn.Start + turn.Prompt)..][..turn.Answer];
        return (answer, new TurnResult
        {
            Finish = turn.Finish,
            HistoryTokens = turn.Start,
            PromptTokens = turn.Prompt,
            AnswerTokens = turn.Answer,
            CachedTokens = turn.Cached,
            Text = TextOf(answer, tokenizer)[..turn.TextLength],
            StopString = turn.StopString,
            Seed = turn.Seed,
            IsRepeated = true,
        });
    }

    public static CompressionEntry[] Entries(IReadOnlyList<CompressionReport> compressions) => [.. compressions.Select(Entry)];

    private static CompressionEntry Entry(CompressionReport report) => new()
    {
        Policy = report.Policy,
        Tokens = report.LogicalLength,
        DroppedMass = report.DroppedMass,
        BytesBefore = report.BytesBefore,
        BytesAfter = report.BytesAfter,
        At = report.At,
        Cause = report.Cause,
    };

    /// <summary>The text of an answer's tokens, before a stop string cuts it.</summary>
    public static string TextOf(int[] answer, Tokenizer tokenizer)
    {
        var detokenizer = new StreamingDetokenizer(tokenizer, skipSpecial: true);
        int[] known = [.. answer.Where(token => token < tokenizer.VocabularySize)];
        return detokenizer.Push(known) + detokenizer.Flush();
    }

    private static TurnFinish Finish(FinishReason? reason, bool isClipped) => reason switch
    {
        null => TurnFinish.Appended,
        FinishReason.EndToken => TurnFinish.EndToken,
        FinishReason.StopString => TurnFinish.StopString,
        FinishReason.MaxTokens => isClipped ? TurnFinish.ContextFull : TurnFinish.MaxTokens,
        FinishReason.ContextFull => TurnFinish.ContextFull,
        FinishReason.ArenaFull => TurnFinish.ArenaFull,
        FinishReason.Cancelled => TurnFinish.Cancelled,
        _ => throw new NotSupportedException($"finish reason {reason}"),
    };
}
