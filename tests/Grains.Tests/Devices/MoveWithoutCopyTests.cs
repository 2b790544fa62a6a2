using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains.Tests.Devices;

/// <summary>Caches travel by the cold store. Where it takes none the session moves all the same, and the other node computes the cache from the tokens.</summary>
public sealed class MoveWithoutCopyTests
{
    private static readonly Lazy<Task<string[]>> Undisturbed = new(() => SpeakAsync(store: null, isMoved: false));

    [Fact]
    public async Task Without_a_cold_store_the_other_node_computes_the_cache() => await MovesAsync(_ => null);

    [Fact]
    public async Task With_a_full_cold_store_the_other_node_computes_the_cache() => await MovesAsync(store => store, coldBytes: 1000);

    [Fact]
    public async Task A_cold_store_that_does_not_answer_holds_a_move_up_no_longer_than_a_transfer_may_take() =>
        await MovesAsync(store => new SilentStore(store), transfer: TimeSpan.FromMilliseconds(200));

    private static async Task MovesAsync(Func<ISnapshotStore, ISnapshotStore?> store, long coldBytes = 4L << 30, TimeSpan? transfer = null) =>
        Assert.Equal(await Undisturbed.Value, await SpeakAsync(store, isMoved: true, coldBytes, transfer));

    /// <summary>Both answers and the history, with a move in between or none.</summary>
    private static async Task<string[]> SpeakAsync(
        Func<ISnapshotStore, ISnapshotStore?>? store, bool isMoved, long coldBytes = 4L << 30, TimeSpan? transfer = null)
    {
        var options = new DeviceWorkerOptions { IdleScores = null, TransferTimeout = transfer ?? TimeSpan.FromSeconds(60) };
        await using DeviceCluster cluster = await DeviceCluster.StartAsync(
            2, () => NeedleModel.Open(contextTokens: 1024), options: options, coldBytes: coldBytes, store: store);
        ISessionGrain session = cluster.Session("s");
        string from = (await session.Create(new SessionOptions())).Node;
        TurnResult first = await session.RunAsync(Say("The wind came from the school at noon and brought the ship home."));
        string to = isMoved ? cluster.Grains.Nodes.Single(node => node != from) : from;
        await session.Move(to).WaitAsync(Turns.Patience);
        TurnResult second = await session.InsistAsync(s => s.RunAsync(Say("Who brought it?")));
        Assert.Equal(to, (await session.Describe()).Node);
        Assert.Equal(isMoved, second.CachedTokens == 0);
        string history = string.Join(' ', await session.HistoryAsync());
        await session.Close();
        await cluster.AssertEmptyAsync();
        return [first.Text, second.Text, history];
    }

    private static GenerateRequest Say(string text) => new()
    {
        Prompt = Prompt.OfMessage(text),
        Sampling = new SamplingSettings { MaxTokens = 16, LogitBias = [new TokenBias(2, -100)] },
    };

    /// <summary>A store that takes connections and never answers, until it is told to stop waiting.</summary>
    private sealed class SilentStore(ISnapshotStore store) : ISnapshotStore
    {
        public ValueTask<SnapshotLookup> FindAsync(SnapshotQuery query, CancellationToken cancellationToken) => store.FindAsync(query, cancellationToken);

        public ValueTask<SnapshotLoad> LoadAsync(SnapshotQuery query, KvCache destination, CancellationToken cancellationToken) =>
            store.LoadAsync(query, destination, cancellationToken);

        public async ValueTask<SnapshotSave> SaveAsync(SnapshotSource source, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            throw new InvalidOperationException("nothing ends this wait but its cancellation");
        }

        public ValueTask DeleteAsync(SnapshotOwner owner, long epoch, CancellationToken cancellationToken) =>
            store.DeleteAsync(owner, epoch, cancellationToken);

        public ValueTask DisposeAsync() => store.DisposeAsync();
    }
}
