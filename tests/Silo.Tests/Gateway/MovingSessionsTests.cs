using KVCluster.Grains;
using KVCluster.Silo.Gateway;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>What clients see of turns whose sessions move, or whose nodes go away.</summary>
public sealed class MovingSessionsTests
{
    private static readonly Exception Lost = new SessionUnavailableException("gone");
    private static readonly Exception Moving = new SessionMovingException("on its way");

    private static readonly TokenChunk Last = new()
    {
        Tokens = [],
        Text = "",
        Result = new TurnResult { Finish = TurnFinish.EndToken, HistoryTokens = 0, PromptTokens = 1, AnswerTokens = 3, CachedTokens = 0 },
    };

    private static readonly TokenChunk[] Whole = [Chunk(1), Chunk(2), Chunk(3), Last];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_keyed_answer_that_breaks_off_goes_on_where_it_was(int seen)
    {
        (List<TokenChunk> heard, int sent) = await ReadAsync(isKeyed: true, ([.. Whole.Take(seen)], Lost), ([Whole[0]], Lost), (Whole, null));
        Assert.Equal([1, 2, 3], heard.SelectMany(chunk => chunk.Tokens));
        Assert.Equal("a1a2a3", string.Concat(heard.Select(chunk => chunk.Text)));
        Assert.Same(Last.Result, heard[^1].Result);
        Assert.Equal(3, sent);
    }

    [Fact]
    public async Task Answered_from_the_record_it_is_not_heard_twice()
    {
        TokenChunk recorded = new() { Tokens = [1, 2, 3], Text = "a1a2a3" };
        (List<TokenChunk> heard, _) = await ReadAsync(isKeyed: true, ([Whole[0]], Lost), ([recorded, Last], null));
        Assert.Equal(["a1", "a2a3", ""], heard.Select(chunk => chunk.Text));
    }

    [Fact]
    public async Task Where_another_answer_comes_the_loss_is_the_clients() => Assert.Same(
        Lost, await Assert.ThrowsAsync<SessionUnavailableException>(() => ReadAsync(isKeyed: true, ([Chunk(1)], Lost), ([Chunk(7), Last], null))));

    [Fact]
    public async Task Without_a_key_only_what_did_nothing_is_sent_again()
    {
        (List<TokenChunk> heard, int sent) = await ReadAsync(isKeyed: false, ([], Moving), (Whole, null));
        Assert.Equal((4, 2), (heard.Count, sent));
        await Assert.ThrowsAsync<SessionUnavailableException>(() => ReadAsync(isKeyed: false, ([Chunk(1)], Lost), (Whole, null)));
        await Assert.ThrowsAsync<SessionUnavailableException>(() => ReadAsync(isKeyed: false, ([], Lost), (Whole, null)));
    }

    [Fact]
    public async Task An_answer_that_breaks_off_again_and_again_is_given_up() => await Assert.ThrowsAsync<SessionUnavailableException>(
        () => ReadAsync(isKeyed: true, [.. Enumerable.Repeat<(TokenChunk[], Exception?)>(([Chunk(1)], Lost), 20)]));

    private static TokenChunk Chunk(int token) => new() { Tokens = [token], Text = $"a{token}" };

    /// <summary>Reads to the end over these attempts; what was heard, and how many were needed.</summary>
    private static async Task<(List<TokenChunk> Heard, int Sent)> ReadAsync(bool isKeyed, params (TokenChunk[] Chunks, Exception? Error)[] attempts)
    {
        int sent = 0;
        List<TokenChunk> heard = [];
        await foreach (TokenChunk chunk in MovingSessions.FollowAsync(() => AttemptAsync(attempts[sent++]), isKeyed, CancellationToken.None))
        {
            heard.Add(chunk);
        }

        return (heard, sent);
    }

    private static async IAsyncEnumerable<TokenChunk> AttemptAsync((TokenChunk[] Chunks, Exception? Error) attempt)
    {
        foreach (TokenChunk chunk in attempt.Chunks)
        {
            await Task.Yield();
            yield return chunk;
        }

        if (attempt.Error is { } error)
        {
            throw error;
        }
    }
}
