using System.Runtime.InteropServices;
using KVCluster.Backend.Conformance.Support;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.Inference.Torch;
using KVCluster.Inference.Torch.Cuda;
using KVCluster.Inference.Torch.Transfers;
using TorchSharp;

namespace KVCluster.Backend.Conformance.Torch.Transfers;

/// <summary>Pages that travel while the device computes, by the code of CUDA devices on libtorch's CPU device.</summary>
public sealed class TravellingPagesTests
{
    private const int Pages = 64;
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);
    private readonly CopyFaults _faults = new();

    public static TheoryData<string, bool> Failures => new()
    {
        { "Copy", true }, { "Copy", false }, { "Wait", true }, { "Wait", false }, { "Hold", true }, { "Hold", false }, { "Record", true }, { "Record", false },
    };

    [Fact]
    public async Task A_step_goes_on_while_pages_travel_and_what_is_written_then_does_not_reach_them()
    {
        using var open = new ManualResetEventSlim(true);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using TorchBackend backend = Open(new TransferOptions(() => new ThreadCopyStream(_faults, Pass)));
        using KvCache cache = backend.CreateCache();
        Forward(backend, cache, 60);
        int[] pages = cache.KeyPages(0, 0).ToArray();
        byte[] before = Export(backend, pages);
        open.Reset();
        Task<byte[]> travelling = Task.Run(() => Export(backend, pages));
        await begun.Task.WaitAsync(_patience);
        Forward(backend, cache, 20);
        float[] row = Enumerable.Repeat(1.5f, cache.Geometry.HeadSize).ToArray();
        backend.WriteSlot(cache, 0, 0, 3, row, row, 0);
        Assert.False(travelling.IsCompleted);
        open.Set();
        Assert.Equal(before, await travelling.WaitAsync(_patience));
        Assert.NotEqual(before, Export(backend, pages));
        Assert.Equal(80, cache.LogicalLength);

        void Pass()
        {
            if (!open.IsSet)
            {
                begun.TrySetResult();
                open.Wait(_patience);
            }
        }
    }

    [Fact]
    public void What_was_gathered_lives_until_its_copy_is_done()
    {
        using torch.Tensor rows = torch.arange(64, torch.ScalarType.Float32).view(16, 4);
        var source = new CountedRows(rows);
        var alive = new List<int>();
        using var ring = new TransferRing(new TransferOptions(() => new ThreadCopyStream(_faults, () => alive.Add(source.Alive)), 64, 2), source.UnitBytes);
        var bytes = new byte[256];
        new OutboundTransfer(ring, source).Run(bytes);
        Assert.Equal(Enumerable.Range(0, 64).Select(i => (float)i), MemoryMarshal.Cast<byte, float>(bytes).ToArray());
        Assert.Equal((4, 0), (source.Gathered, source.Alive));

        // A wait, a copy and a mark a piece.
        Assert.Equal(12, alive.Count);
        Assert.All(alive, a => Assert.True(a > 0));
    }

    [Theory]
    [InlineData(KvElementType.BF16)]
    [InlineData(KvElementType.Int8)]
    public async Task Transfers_of_many_threads_share_two_buffers_each_way(KvElementType type)
    {
        using TorchBackend backend = Open(Thread(slots: 2), type);
        int each = Pages / 8;
        byte[][] contents = [.. Enumerable.Range(0, 8).Select(i => Bytes(backend, each, i))];
        Task<byte[]>[] tasks = [.. Enumerable.Range(0, 8).Select(i => Task.Run(() =>
        {
            int[] pages = [.. Enumerable.Range(0, each).Select(p => (p * 8) + i)];
            for (int round = 0; round < 20; round++)
            {
                backend.Pool.Store.ImportPages(pages, contents[(i + round) % 8]);
                Assert.Equal(contents[(i + round) % 8], Export(backend, pages));
            }

            return Export(backend, pages);
        }))];
        byte[][] last = await Task.WhenAll(tasks).WaitAsync(_patience);
        Assert.All(Enumerable.Range(0, 8), i => Assert.Equal(contents[(i + 19) % 8], last[i]));
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_call_that_fails_is_told_and_leaves_nothing_behind(string call, bool export)
    {
        using TorchBackend backend = Open(Late());
        int[] pages = [.. Enumerable.Range(0, Pages)];
        byte[] content = Bytes(backend, Pages, 1);
        backend.Pool.Store.ImportPages(pages, content);
        long tensors = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int number = 1; number < 12; number += 2)
        {
            var fault = new ExternalException($"{call} {number}");
            _faults.Fail(call, number, fault);
            ExternalException told = Assert.Throws<ExternalException>(() => Transfer(backend, pages, content, export));
            Assert.Same(fault, told);
            _faults.Fail("", 0, fault);
            Assert.Equal(tensors, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            backend.Pool.Store.ImportPages(pages, content);
            Assert.Equal(content, Export(backend, pages));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Memory_that_does_not_suffice_for_a_transfer_is_a_full_arena(bool export)
    {
        using TorchBackend backend = Open(Late());
        _faults.Fail("Copy", 2, new CudaException("cudaMemcpyAsync", 2, "cudaErrorMemoryAllocation", "out of memory"));
        ArenaFullException told = Assert.Throws<ArenaFullException>(() => Transfer(backend, [0, 1, 2, 3, 4, 5, 6], Bytes(backend, 7, 0), export));
        Assert.Equal(backend.Pool.Ledger.Snapshot(), told.Ledger);
    }

    [Fact]
    public void A_device_without_memory_for_the_buffers_is_refused_and_holds_nothing()
    {
        _faults.Fail("AllocateHost", 3, new CudaException("cudaHostAlloc", 2, "cudaErrorMemoryAllocation", "out of memory"));
        InputException told = Assert.Throws<InputException>(() => Open(Late()));
        Assert.Contains("too little memory", told.Message, StringComparison.Ordinal);
        Assert.Equal(0, _faults.Held);
    }

    [Fact]
    public void A_backend_counts_its_staging_buffers_and_frees_them()
    {
        long direct;
        using (TorchBackend backend = Open(null))
        {
            direct = backend.Memory.WorkspaceBytes;
        }

        using (TorchBackend backend = Open(Late(), KvElementType.Int8))
        {
            // Two rings on the host, and what imports reach on the device.
            int page = backend.Pool.Geometry.PageBytes;
            Assert.Equal(direct + (3 * 3 * (2048 / page * page)), backend.Memory.WorkspaceBytes);
            Assert.NotEqual(0, _faults.Held);
        }

        Assert.Equal(0, _faults.Held);
    }

    private static void Transfer(TorchBackend backend, int[] pages, byte[] content, bool export)
    {
        if (export)
        {
            Export(backend, pages);
        }
        else
        {
            backend.Pool.Store.ImportPages(pages, content);
        }
    }

    private static byte[] Export(TorchBackend backend, int[] pages)
    {
        var bytes = new byte[pages.Length * backend.Pool.Geometry.PageBytes];
        backend.Pool.Store.ExportPages(pages, bytes);
        return bytes;
    }

    private static byte[] Bytes(TorchBackend backend, int pages, int seed)
    {
        var bytes = new byte[pages * backend.Pool.Geometry.PageBytes];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static void Forward(TorchBackend backend, KvCache cache, int tokens) =>
        backend.Forward([new ForwardRequest(cache) { Tokens = RandomModel.Tokens(tokens), Logits = LogitsRows.None }]);

    private TransferOptions Late() => new(() => new LateCopyStream(_faults), 2048, 3);

    private TransferOptions Thread(int slots) => new(() => new ThreadCopyStream(_faults), 2048, slots);

    private static TorchBackend Open(TransferOptions? transfers, KvElementType type = KvElementType.F32) => new(
        RandomModel.Create(RandomModel.Config()),
        TorchTestBackend.Options(type, 1 << 20) with { Device = "cpu", Transfers = transfers });
}
