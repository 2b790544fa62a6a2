namespace KVCluster.Client.Tests.Sessions;

public class ShownAnswerTests
{
    private static readonly Exception Lost = new TimeoutException();
    private static readonly TurnResult Result = new() { Finish = TurnFinish.EndToken, HistoryTokens = 0, PromptTokens = 1, AnswerTokens = 4, CachedTokens = 0 };

    /// <summary>An answer of four tokens, one of which makes no text by itself, and its acknowledgement.</summary>
    private static readonly TokenChunk[] Whole =
        [Chunk("ab", 1), Chunk("", 2), Chunk("\u00e9", 3), Chunk("d", 4), new TokenChunk { Tokens = [], Text = "", Result = Result }];

    private static readonly TokenChunk[] Recorded = [Chunk("ab\u00e9d", 1, 2, 3, 4), Whole[^1]];

    private static TokenChunk Chunk(string text, params int[] tokens) => new() { Tokens = tokens, Text = text };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_reader_gets_each_token_once_wherever_the_answer_broke_off(int seen)
    {
        foreach (TokenChunk[] again in (TokenChunk[][])[Whole, Recorded])
        {
            var shown = new ShownAnswer((tokens, cause) => new AnswerChangedException("s", tokens, cause));
            List<TokenChunk?> read = [.. Whole.Take(seen).Select(shown.Take)];
            shown.Restart(Lost);
            read.AddRange(again.Select(shown.Take));

            Assert.Equal([1, 2, 3, 4], read.SelectMany(chunk => chunk?.Tokens ?? []));
            Assert.Equal("ab\u00e9d", string.Concat(read.Select(chunk => chunk?.Text)));
            Assert.Same(Result, read[^1]!.Result);
        }
    }

    [Fact]
    public void An_answer_may_break_off_more_than_once()
    {
        var shown = new ShownAnswer((tokens, cause) => new AnswerChangedException("s", tokens, cause));
        List<TokenChunk?> read = [];
        foreach (int seen in (int[])[2, 1, 3, 5])
        {
            read.AddRange(Whole.Take(seen).Select(shown.Take));
            shown.Restart(Lost);
        }

        Assert.Equal([1, 2, 3, 4], read.SelectMany(chunk => chunk?.Tokens ?? []));
    }

    [Fact]
    public void Another_answer_is_an_error_with_its_cause()
    {
        var shown = new ShownAnswer((tokens, cause) => new AnswerChangedException("s", tokens, cause));
        _ = shown.Take(Whole[0]);
        _ = shown.Take(Whole[1]);
        shown.Restart(Lost);
        _ = shown.Take(Whole[0]);

        var error = Assert.Throws<AnswerChangedException>(() => shown.Take(Chunk("x", 9)));
        Assert.Same(Lost, error.InnerException);
    }

    [Fact]
    public void A_shorter_answer_is_another_one()
    {
        var shown = new ShownAnswer((tokens, cause) => new AnswerChangedException("s", tokens, cause));
        _ = shown.Take(Whole[0]);
        _ = shown.Take(Whole[1]);
        shown.Restart(Lost);
        _ = shown.Take(Whole[0]);

        Assert.Throws<AnswerChangedException>(() => shown.Take(Whole[^1]));
    }
}
