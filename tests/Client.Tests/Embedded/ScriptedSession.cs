using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace KVCluster.Client.Tests.Embedded;

/// <summary>What a scripted session does, and what it was asked.</summary>
public sealed class SessionScript
{
    private static readonly ConcurrentDictionary<string, SessionScript> Scripts = new();

    /// <summary>One for each call of Generate: tokens it yields, and what it ends with; null: the acknowledgement.</summary>
    public Queue<(int[] Tokens, Exception? Error)> Answers { get; } = new();

    /// <summary>What calls other than Generate fail with, one after another.</summary>
    public Queue<Exception> Errors { get; } = new();

    public List<GenerateRequest> Requests { get; } = [];

    public int Calls { get; set; }

    public ulong? Seed { get; init; }

    /// <summary>Set when a reader left before the end.</summary>
    public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static SessionScript Of(string key) => Scripts[key];

    public void For(string session) => Scripts[$"default/{session}"] = this;

    public void Call()
    {
        Calls++;
        if (Errors.TryDequeue(out Exception? error))
        {
            throw error;
        }
    }
}

/// <summary>A session without a device that does what a test says.</summary>
internal sealed class ScriptedSession : Grain, ISessionGrain
{
    private SessionScript Script => SessionScript.Of(this.GetPrimaryKeyString());

    public async IAsyncEnumerable<TokenChunk> Generate(GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Script.Requests.Add(request);
        (int[] tokens, Exception? error) = Script.Answers.Dequeue();
        bool isOver = false;
        try
        {
            foreach (int token in tokens)
            {
                await Task.Yield();
                yield return new TokenChunk { Tokens = [token], Text = $"<{token}>" };
            }

            isOver = true;
            if (error is not null)
            {
                throw error;
            }

            yield return new TokenChunk { Tokens = [], Text = "", Result = Result(tokens.Length) };
        }
        finally
        {
            if (!isOver)
            {
                Script.Left.TrySetResult();
            }
        }
    }

    public Task<TurnResult> Append(AppendRequest request, CancellationToken cancellationToken)
    {
        Script.Call();
        return Task.FromResult(Result(0));
    }

    public Task<SessionInfo> Describe(CancellationToken cancellationToken) => Task.FromResult(Info());

    public Task<SessionInfo> Create(SessionOptions options, CancellationToken cancellationToken)
    {
        Script.Call();
        return Task.FromResult(Info());
    }

    public Task<SessionInfo> Compress(CompressRequest request, CancellationToken cancellationToken)
    {
        Script.Call();
        return Task.FromResult(Info());
    }

    public Task<bool> Cancel(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SessionInfo> Fork(ForkRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SessionInfo> Adopt(SessionSeed seed, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<HistorySlice> ReadHistory(int start, int count, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<RecentTurns> ReadTurns(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SessionExport> Export(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SessionInfo> Import(SessionExport export, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task Move(string node, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SessionInfo> MakeWhole(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SessionInfo> Demote(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<KeptMap?> ReadKept(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SessionInfo> Pin(PinRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task Close(CancellationToken cancellationToken) => throw new NotSupportedException();

    private static TurnResult Result(int answer) =>
        new() { Finish = TurnFinish.EndToken, HistoryTokens = 0, PromptTokens = 1, AnswerTokens = answer, CachedTokens = 0 };

    private SessionInfo Info() => new()
    {
        Id = SessionId.Parse(this.GetPrimaryKeyString()),
        Phase = SessionPhase.Idle,
        Node = "node",
        Device = "",
        Epoch = 1,
        Tokens = 0,
        Turns = 0,
        Model = "",
        Options = new SessionOptions { Sampling = new SamplingSettings { Seed = Script.Seed } },
        Created = DateTimeOffset.UnixEpoch,
        LastUsed = DateTimeOffset.UnixEpoch,
        Cache = new CacheInfo(),
    };
}
