using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.Storage;
using KVCluster.TestSupport;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>A worker on the bundled model, and short ways to ask it things. Every wait is bounded.</summary>
internal sealed class ServingFixture : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static readonly DeviceWorkerOptions Plain = new() { IdleScores = null };

    private readonly LedgerSnapshot _before;

    public ServingFixture(
        DeviceWorkerOptions? options = null,
        ISnapshotStore? store = null,
        int contextTokens = 12288,
        bool watched = false,
        int maxBatchTokens = 96)
    {
        Model = NeedleFixture.Open(contextTokens: contextTokens, maxBatchTokens: maxBatchTokens);
        _before = Ledger();
        Watched = new WatchedBackend(Model.Backend);
        Worker = new DeviceWorker(Model, options ?? Plain, store, watched ? Watched : Model.Backend);
        Framing = new ChatFraming(Model);
    }

    public LocalModel Model { get; }

    public DeviceWorker Worker { get; }

    /// <summary>In use where the fixture was asked for it.</summary>
    public WatchedBackend Watched { get; }

    public ChatFraming Framing { get; }

    /// <summary>Set when a step has come that <see cref="HoldDecoding"/> holds.</summary>
    public ManualResetEventSlim IsHeld { get; } = new();

    public static SessionKey Key(string session) => new("tenant", session);

    public LedgerSnapshot Ledger() => Model.Backend.Pool.Ledger.Snapshot();

    public int[] Document(string question = NeedleFixture.Question, int sentences = 24)
    {
        (int[] context, int[] ids) = Framing.FirstTurn(null, NeedleFixture.MakeDocument(sentences), question);
        return [.. context, .. ids];
    }

    public TurnRequest Turn(string session, int[] history, int[] prompt, SamplingOptions? sampling = null, long epoch = 1) => new()
    {
        Session = Key(session),
        Epoch = epoch,
        History = history,
        Prompt = prompt,
        Sampling = sampling ?? NeedleFixture.Greedy,
    };

    public TurnRequest Append(string session, int[] history, int[] prompt, long epoch = 1) =>
        Turn(session, history, prompt, null, epoch) with { Sampling = null };

    /// <summary>Runs a turn to its end.</summary>
    public async Task<TurnEnd> Run(TurnRequest request, Action<TurnPiece>? piece = null, CancellationToken cancellationToken = default)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        TurnEnd? end = null;
        await foreach (TurnEvent happened in Worker.RunAsync(request, patience.Token))
        {
            Assert.Null(end);
            end = happened as TurnEnd;
            if (happened is TurnPiece one)
            {
                piece?.Invoke(one);
            }
        }

        return end!;
    }

    public async Task<ResidentSession?> Describe(string session) => await Worker.DescribeAsync(Key(session), default).AsTask().WaitAsync(Patience);

    /// <summary>On the device's thread: waits until somebody has told it something.</summary>
    public void WaitForCall() => Assert.True(SpinWait.SpinUntil(() => Worker.OthersWaiting > 0, Patience));

    /// <summary>Holds every step that only decodes until the event is set: what a reader does meanwhile comes before the answer's end.</summary>
    public ManualResetEventSlim HoldDecoding()
    {
        var go = new ManualResetEventSlim();
        Action<IReadOnlyList<ForwardRequest>> before = Watched.BeforeForward;
        Watched.BeforeForward = batch =>
        {
            before(batch);
            if (batch.All(request => request.Tokens.Length == 1))
            {
                IsHeld.Set();
                Assert.True(go.Wait(Patience));
            }
        };
        return go;
    }

    /// <summary>Evicts everything named and checks that the arena is as at the start.</summary>
    public async Task AssertEmptyAfterClosing(params string[] sessions)
    {
        foreach (string session in sessions)
        {
            await Worker.CloseAsync(Key(session), long.MaxValue, false, default);
        }

        // A save under way reads a fork, whose pages come free when it has ended.
        using var patience = new CancellationTokenSource(Patience);
        while (Ledger() != _before && !patience.IsCancellationRequested)
        {
            await Task.Delay(5, CancellationToken.None);
        }

        AssertUntouched();
    }

    public void AssertUntouched()
    {
        Assert.Equal(_before, Ledger());
        Model.Backend.Pool.CheckIntegrity();
    }

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync().AsTask().WaitAsync(Patience);
        AssertUntouched();
        Model.Dispose();
    }
}
