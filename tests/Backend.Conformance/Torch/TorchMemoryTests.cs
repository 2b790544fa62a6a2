using KVCluster.Backend.Conformance.Support;
using KVCluster.Backend.Conformance.Torch.Transfers;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.Inference.Torch;
using KVCluster.Inference.Torch.Memory;
using KVCluster.Inference.Torch.Transfers;
using KVCluster.TestSupport;
using TorchSharp;

namespace KVCluster.Backend.Conformance.Torch;

/// <summary>What the torch backend does when memory is short, and that it keeps none.</summary>
public sealed class TorchMemoryTests
{
    private const long Arena = 4 << 20;

    [Fact]
    public void A_step_too_large_for_the_device_runs_in_pieces()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var backend = new TorchBackend(model, TorchTestBackend.Options(KvElementType.F32, Arena));
        using KvCache whole = backend.CreateCache();
        using KvCache other = backend.CreateCache();
        using KvCache cut = backend.CreateCache();
        float[] expected = Forward(backend, whole, 50);
        var passes = new List<int>();
        backend.BeforePass = rows =>
        {
            passes.Add(rows);
            ExhaustBeyond(16, rows);
        };
        var small = new ForwardRequest(other) { Tokens = RandomModel.Tokens(10), Logits = LogitsRows.None };
        var logits = new float[50 * 97];
        backend.Forward([small, new ForwardRequest(cut) { Tokens = RandomModel.Tokens(50), Logits = LogitsRows.All, LogitsDestination = logits }]);
        Assert.Equal([60, 10, 50, 25, 12, 13, 25, 12, 13], passes);
        Compare.Within(2e-4, logits, expected, "logits");
        Assert.Equal((10, 50), (other.LogicalLength, cut.LogicalLength));
    }

    [Fact]
    public void A_device_without_memory_is_a_full_arena_and_leaves_every_cache_as_it_was()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var backend = new TorchBackend(model, TorchTestBackend.Options(KvElementType.F32, Arena));
        using KvCache cache = backend.CreateCache(new ObservationOptions());
        Forward(backend, cache, 30);
        float[] observed = backend.Observed(cache)!.Row(1, 1).ToArray();
        LedgerSnapshot before = backend.Pool.Ledger.Snapshot();
        backend.BeforePass = rows => ExhaustBeyond(0, rows);
        Assert.Throws<ArenaFullException>(() => Forward(backend, cache, 40));
        backend.BeforePass = null;
        Assert.Equal(before, backend.Pool.Ledger.Snapshot());
        Assert.Equal(30, cache.LogicalLength);
        Assert.Equal(observed, backend.Observed(cache)!.Row(1, 1).ToArray());
        Forward(backend, cache, 40);
    }

    [Theory]
    [InlineData(KvElementType.F32)]
    [InlineData(KvElementType.Int8)]
    public void A_compaction_without_memory_is_a_full_arena_and_leaves_the_cache_as_it_was(KvElementType type)
    {
        using TorchBackend backend = Travelling(type);
        using KvCache cache = backend.CreateCache();
        using KvCache twin = backend.CreateCache();
        Forward(backend, cache, 60);
        Forward(backend, twin, 60);
        Before(backend, rows => ExhaustBeyond(0, rows));
        Assert.Throws<ArenaFullException>(() => cache.Compact(RandomPlans.Of(cache, 1)));
        Before(backend, null);
        Assert.True(cache.IsExact);
        Assert.Equal(Forward(backend, twin, 5), Forward(backend, cache, 5));
    }

    [Theory]
    [InlineData(KvElementType.F32)]
    [InlineData(KvElementType.Int8)]
    public void A_compaction_too_large_for_the_device_runs_in_pieces(KvElementType type)
    {
        using TorchBackend backend = Travelling(type);
        using KvCache cache = backend.CreateCache();
        using KvCache twin = backend.CreateCache();
        Forward(backend, cache, 60);
        Forward(backend, twin, 60);
        twin.Compact(RandomPlans.Of(twin, 1));
        Before(backend, rows => ExhaustBeyond(7, rows));
        cache.Compact(RandomPlans.Of(cache, 1));
        Before(backend, null);
        Assert.Equal(Forward(backend, twin, 5), Forward(backend, cache, 5));
    }

    [Fact]
    public void A_shared_page_that_cannot_be_copied_for_want_of_memory_is_a_full_arena()
    {
        using TorchBackend backend = Travelling(KvElementType.BF16);
        using KvCache cache = backend.CreateCache();
        Forward(backend, cache, 30);
        using KvCache fork = cache.Fork();
        LedgerSnapshot before = backend.Pool.Ledger.Snapshot();
        Before(backend, pages => ExhaustBeyond(0, pages));
        Assert.Throws<ArenaFullException>(() => Forward(backend, fork, 1));
        Before(backend, null);
        Assert.Equal(before, backend.Pool.Ledger.Snapshot());
        Assert.Equal(Forward(backend, cache, 3), Forward(backend, fork, 3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Memory_is_flat_over_many_steps_of_sessions_that_come_and_go(bool travelling)
    {
        int steps = int.TryParse(Environment.GetEnvironmentVariable("KVCLUSTER_TORCH_STEPS"), out int asked) ? asked : 300;
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        var faults = new CopyFaults();
        var transfers = new TransferOptions(() => new ThreadCopyStream(faults), SlotBytes: 2048, Slots: 2);
        TorchBackendOptions options = TorchTestBackend.Options(KvElementType.BF16, Arena);
        using var backend = new TorchBackend(model, travelling ? options with { Device = "cpu", Transfers = transfers } : options);
        Churn(backend, 100, seed: 1);
        int held = faults.Held;
        long workspace = backend.Memory.WorkspaceBytes;
        long alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Churn(backend, steps, seed: 2);
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.InRange(backend.Memory.WorkspaceBytes, 0, 2 * workspace);
        Assert.Equal(held, faults.Held);
        Assert.Equal(0, backend.Pool.Ledger.Snapshot().PinnedBytes + backend.Pool.Ledger.Snapshot().EvictableBytes);
        backend.Pool.CheckIntegrity();
    }

    [Fact]
    public void Attention_biases_take_no_device_memory_until_one_is_written_and_then_twice_their_pages_at_most()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        using var backend = new TorchBackend(model, TorchTestBackend.Options(KvElementType.F32, Arena));
        using KvCache cache = backend.CreateCache();
        Forward(backend, cache, 200);
        cache.Compact(RandomPlans.Of(cache, 1));
        Forward(backend, cache, 1);
        long before = backend.Memory.WorkspaceBytes;
        LedgerSnapshot ledger = backend.Pool.Ledger.Snapshot();
        var row = new float[cache.Geometry.HeadSize];
        for (int head = 0; head < cache.Geometry.Heads; head++)
        {
            backend.WriteSlot(cache, head / cache.Geometry.KvHeads, head % cache.Geometry.KvHeads, 0, row, row, 0.5f);
        }

        long inLedger = ledger.FreeBytes - backend.Pool.Ledger.Snapshot().FreeBytes;
        Assert.True(inLedger > 0, "bias pages are the arena's");
        Assert.InRange(backend.Memory.WorkspaceBytes - before, 1, Math.Max(2 * inLedger, 4L * sizeof(float) * cache.Geometry.BiasSlots));
    }

    [Fact]
    public void More_sequences_than_seats_take_turns()
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config(layers: 1));
        using var backend = new TorchBackend(model, TorchTestBackend.Options(KvElementType.F32, Arena));
        KvCache[] caches = [.. Enumerable.Range(0, 90).Select(_ => backend.CreateCache(new ObservationOptions()))];
        for (int round = 0; round < 3; round++)
        {
            foreach (KvCache[] part in caches.Chunk(30))
            {
                backend.Forward([.. part.Select((c, i) => new ForwardRequest(c) { Tokens = RandomModel.Tokens(1 + (round * 7), i), Logits = LogitsRows.None })]);
            }
        }

        for (int i = 0; i < caches.Length; i++)
        {
            using KvCache alone = backend.CreateCache(new ObservationOptions());
            for (int round = 0; round < 3; round++)
            {
                backend.Forward([new ForwardRequest(alone) { Tokens = RandomModel.Tokens(1 + (round * 7), i % 30), Logits = LogitsRows.None }]);
            }

            Compare.Within(1e-4, backend.Observed(caches[i])!.Row(0, 0), backend.Observed(alone)!.Row(0, 0), $"sequence {i}");
            caches[i].Dispose();
        }
    }

    [Fact]
    public void A_fork_takes_no_memory_where_there_is_none_and_then_observes_nothing()
    {
        using var backend = new TorchBackend(RandomModel.Create(RandomModel.Config()), TorchTestBackend.Options(KvElementType.F32, Arena));
        using KvCache cache = backend.CreateCache(new ObservationOptions(QueryAggregation.Mean));
        Forward(backend, cache, 30);
        float[] observed = backend.Observed(cache)!.Row(1, 1).ToArray();
        backend.BeforeObservationGrows = () => ExhaustBeyond(0, 1);
        KvCache[] forks = [.. Enumerable.Range(0, 60).Select(_ => cache.Fork())];
        backend.BeforeObservationGrows = null;
        KvCache[] blind = [.. forks.Where(f => backend.Observed(f) is null)];
        Assert.InRange(blind.Length, 1, forks.Length - 1);
        Assert.All(forks.Except(blind), f => Assert.Equal(observed, backend.Observed(f)!.Row(1, 1).ToArray()));
        blind[0].Compact(RandomPlans.Of(blind[0], 1));
        blind[0].Truncate(blind[0].LogicalLength / 2);
        Forward(backend, blind[0], 3);
        Assert.Null(backend.Observed(blind[0]));
        Assert.Equal(Forward(backend, cache, 3), Forward(backend, blind[1], 3));
        Array.ForEach(forks, f => f.Dispose());
        backend.Pool.CheckIntegrity();
    }

    /// <summary>As on a GPU: what moves within the arena takes memory of the device.</summary>
    private static TorchBackend Travelling(KvElementType type)
    {
        var transfers = new TransferOptions(() => new ThreadCopyStream(new CopyFaults()), SlotBytes: 2048, Slots: 2);
        TorchBackendOptions options = TorchTestBackend.Options(type, Arena) with { Device = "cpu", Transfers = transfers };
        return new TorchBackend(RandomModel.Create(RandomModel.Config()), options);
    }

    private static void Before(TorchBackend backend, Action<int>? move) => ((TorchPageStore)backend.Pool.Store).BeforeMove = move;

    private static void Churn(TorchBackend backend, int steps, int seed)
    {
        var random = new Random(seed);
        var caches = new List<KvCache>();
        for (int step = 0; step < steps; step++)
        {
            if (caches.Count < 3)
            {
                caches.Add(backend.CreateCache(random.Next(2) == 0 ? new ObservationOptions() : new ObservationOptions(QueryAggregation.Mean)));
            }

            backend.Forward([.. caches.Select(c => new ForwardRequest(c) { Tokens = RandomModel.Tokens(random.Next(10) == 0 ? 20 : 1, step), Logits = LogitsRows.None })]);
            KvCache one = caches[random.Next(caches.Count)];
            switch (random.Next(12))
            {
                case 0:
                    one.Compact(RandomPlans.Of(one, step));
                    break;
                case 1:
                    caches.Remove(one);
                    one.Dispose();
                    break;
                case 2:
                    one.Truncate(one.LogicalLength / 2);
                    break;
                case 3:
                    one.Fork().Dispose();
                    break;
                case 4:
                    ThereAndBack(backend, one);
                    break;
                default:
                    Bound(one);
                    break;
            }
        }

        caches.ForEach(c => c.Dispose());
    }

    private static void ThereAndBack(TorchBackend backend, KvCache cache)
    {
        int[] pages = [.. cache.KeyPages(0, 0), .. cache.ValuePages(1, 1)];
        var bytes = new byte[pages.Length * cache.Geometry.PageBytes];
        backend.Pool.Store.ExportPages(pages, bytes);
        backend.Pool.Store.ImportPages(pages, bytes);
    }

    private static void Bound(KvCache cache)
    {
        if (cache.LogicalLength > 300)
        {
            cache.Truncate(0);
        }
    }

    // What libtorch itself says when it cannot have memory.
    private static void ExhaustBeyond(int rows, int asked)
    {
        if (asked > rows)
        {
            torch.empty([1L << 50]).Dispose();
        }
    }

    private static float[] Forward(TorchBackend backend, KvCache cache, int tokens)
    {
        var logits = new float[tokens * backend.Model.VocabularySize];
        backend.Forward([new ForwardRequest(cache) { Tokens = RandomModel.Tokens(tokens), Logits = LogitsRows.All, LogitsDestination = logits }]);
        return logits;
    }
}
