using System.Text.Json;

namespace KVCluster.Grains.Tests.Devices;

/// <summary>A recorded conversation that is held again through a session, turn by turn.</summary>
internal sealed class GoldenConversation(string id, SessionOptions options, IReadOnlyList<GoldenTurn> turns)
{
    /// <summary>Below this gap between the two best logits two correct float32 engines may choose differently.</summary>
    private const double SafeGap = 1e-3;

    private int _forks;
    private int _turn;

    public string Id { get; private set; } = id;

    public int Turns => turns.Count;

    public bool HasTurn => _turn < turns.Count;

    public int NearTies { get; private set; }

    /// <summary>The history as it must be.</summary>
    public List<int> Expected { get; private set; } = [];

    public static GoldenConversation OfNeedle(string id, JsonElement sample, int answerLimit, int endToken)
    {
        List<GoldenTurn> turns = [];
        foreach (JsonElement turn in sample.GetProperty("turns").EnumerateArray())
        {
            int[] answer = Integers(turn.GetProperty("answer_tokens"));
            int[] ended = answer.Length < answerLimit ? [.. answer, endToken] : answer;
            turns.Add(new GoldenTurn(turn.GetProperty("user").GetString()!, null, ended));
        }

        return new GoldenConversation(id, new SessionOptions(), turns);
    }

    public static GoldenConversation OfSmolLm2(string id, JsonElement golden) => new(
        id,
        new SessionOptions { System = golden.GetProperty("system").GetString() },
        [.. golden.GetProperty("turns").EnumerateArray().Select(turn => new GoldenTurn(
            turn.GetProperty("question").GetString()!,
            Integers(turn.GetProperty("append_ids")),
            Integers(turn.GetProperty("answer_ids"))))]);

    public Task CreateAsync(DeviceCluster cluster) => cluster.Session(Id).Create(options);

    /// <summary>Another conversation that begins with what was said in this one.</summary>
    public async Task<GoldenConversation> ForkAsync(DeviceCluster cluster, string id)
    {
        await cluster.Session(Id).Fork(new ForkRequest { Session = id });
        return new GoldenConversation(id, options, turns) { _turn = _turn, Expected = [.. Expected] };
    }

    /// <summary>The next turn; what is answered must be what was recorded.</summary>
    public async Task NextAsync(DeviceCluster cluster)
    {
        GoldenTurn turn = turns[_turn++];
        ISessionGrain session = cluster.Session(Id);
        int before = Expected.Count;
        List<TokenChunk> chunks = [];
        await foreach (TokenChunk chunk in session.Generate(new GenerateRequest
        {
            Prompt = Prompt.OfMessage(turn.User),
            Sampling = new SamplingSettings { MaxTokens = turn.Answer.Length, LogProbabilities = 2 },
        }))
        {
            chunks.Add(chunk);
        }

        TurnResult result = chunks[^1].Result!;
        Assert.Equal(before, result.HistoryTokens);
        int[] prompt = (await session.ReadHistory(before, result.PromptTokens)).Tokens;
        Assert.True(turn.Prompt is null || prompt.AsSpan().SequenceEqual(turn.Prompt), $"{Id}: turn {_turn} is framed in another way");
        Expected.AddRange(prompt);
        int[] answer = [.. chunks.SelectMany(chunk => chunk.Tokens)];
        int agreed = answer.AsSpan().CommonPrefixLength(turn.Answer);
        if (agreed < turn.Answer.Length)
        {
            await LeaveNearTie(cluster, turn, chunks, agreed);
        }

        Expected.AddRange(turn.Answer);
    }

    /// <summary>Goes on with the recorded answer, in a fork that has not heard the other one.</summary>
    private async Task LeaveNearTie(DeviceCluster cluster, GoldenTurn turn, List<TokenChunk> chunks, int agreed)
    {
        Assert.True(agreed < chunks.Count - 1, $"{Id}, turn {_turn}: ended after {agreed} of {turn.Answer.Length} tokens");
        TokenProbability[] best = chunks[agreed].Alternatives;
        float gap = best[0].LogProbability - best[1].LogProbability;
        Assert.True(
            gap < SafeGap,
            $"{Id}, turn {_turn}: token {agreed} is {best[0].Token} instead of {turn.Answer[agreed]}, with a gap of {gap:g3}");
        NearTies++;
        string fork = $"{Id}.{++_forks}";
        await cluster.Session(Id).Fork(new ForkRequest { Session = fork, Tokens = Expected.Count });
        await cluster.Session(Id).Close();
        Id = fork;
        await cluster.Session(Id).Append(new AppendRequest { Prompt = Prompt.OfTokens(turn.Answer) });
    }

    private static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}

/// <summary>A recorded turn.</summary>
/// <param name="User">What the user says.</param>
/// <param name="Prompt">The tokens it becomes; null where they were not recorded.</param>
/// <param name="Answer">The answer's tokens, with the end token where it ended.</param>
internal sealed record GoldenTurn(string User, int[]? Prompt, int[] Answer);
