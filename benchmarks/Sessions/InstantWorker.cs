using System.Runtime.CompilerServices;
using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Worker;
using KVCluster.Worker.Serving;

namespace KVCluster.Benchmarks.Sessions;

/// <summary>A device that answers at once, with one token after another, so that only what is around it is measured.</summary>
/// <param name="model">Whose tokenizer is used.</param>
/// <param name="pace">Waited for before each token, counted from 0; null: nothing.</param>
internal sealed class InstantWorker(LocalModel model, Func<int, Task>? pace = null) : IDeviceWorker
{
    public string Device => "instant";

    public LocalModel Model { get; } = model;

    public DeviceStatus Status() => new() { Ledger = new LedgerSnapshot(1, 1, 1, 0, 0, 0), Resident = 0, Running = 0, Waiting = 0 };

    public ValueTask FenceAsync(SessionKey session, long epoch, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public async IAsyncEnumerable<TurnEvent> RunAsync(TurnRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int count = request.Sampling?.MaxTokens ?? 0;
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++)
        {
            // Each token comes later than it was asked for, as from a device.
            await Task.Yield();
            await (pace?.Invoke(i) ?? Task.CompletedTask);
            tokens[i] = 100 + (i % 100);
            yield return new TurnPiece(new GeneratedPiece(tokens[i], "word", null, []));
        }

        yield return new TurnEnd
        {
            Completion = count == 0 ? null : new Completion
            {
                Reason = FinishReason.MaxTokens,
                Tokens = tokens,
                Text = "",
                Seconds = 0,
                Seed = 0,
            },
            Attach = new AttachReport
            {
                Source = AttachSource.Resident,
                CachedTokens = request.History.Length,
                RecomputedTokens = 0,
            },
            CacheBytes = 0,
        };
    }

    public ValueTask StopAsync(SessionKey session, long epoch, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<ResidentSession?> DescribeAsync(SessionKey session, CancellationToken cancellationToken) => default;

    public ValueTask PrefetchAsync(AttachRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<CompressionReport?> CompressAsync(
        SessionKey session, long epoch, CompressionRequest request, CancellationToken cancellationToken) => default;

    public ValueTask<AttachReport> RestoreAsync(AttachRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("this device has no caches");

    public ValueTask<SnapshotSave?> SaveAsync(SessionKey session, long epoch, CancellationToken cancellationToken) => default;

    public ValueTask<EvictReport> EvictAsync(SessionKey session, long epoch, bool save, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new EvictReport(0, null));

    public ValueTask<bool> ForkAsync(
        SessionKey session, long epoch, SessionKey target, long targetEpoch, int tokens, CancellationToken cancellationToken) => default;

    public ValueTask CloseAsync(SessionKey session, long epoch, bool deleteCold, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    public Task DrainAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
