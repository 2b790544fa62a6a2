using System.Diagnostics;
using KVCluster.Compression.Pressure;
using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Worker;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Benchmarks.Pressure;

/// <summary>A real worker, full of idle sessions, whose memory gets short.</summary>
internal sealed class PressedDevice : IAsyncDisposable
{
    private const double LowWatermark = 0.9;

    private readonly ShapedBackend _backend;
    private readonly DeviceWorker _worker;
    private readonly int _sessions;

    private PressedDevice(LocalModel model, KvGeometry geometry, int sessions, int tokens, bool saved)
    {
        _sessions = sessions;
        _backend = new ShapedBackend(model.Config, geometry, checked((int)(sessions * KvCapacity.PagesFor(geometry, tokens))));
        var options = new DeviceWorkerOptions
        {
            IdleScores = null,
            PrefillChunkTokens = tokens,
            FairShareTokens = tokens,
            Pressure = new DevicePressureOptions
            {
                // A full device is not above 1: nothing is done until the limit falls. Dear or cheap mass makes sessions leave or be cut.
                Weighing = new PressureOptions { HighWatermark = 1, LowWatermark = LowWatermark, SecondsPerMass = saved ? 1e9 : 1e-6 },
                RestorePriority = null,
            },
        };
        _worker = new DeviceWorker(model, options, saved ? new SavedAlready() : null, _backend);
    }

    private long Held => _backend.Pool.Ledger.TotalPages * _backend.Pool.Ledger.PageBytes - _backend.Pool.Ledger.Snapshot().FreeBytes;

    /// <summary>Fills a device; where <paramref name="saved"/> all sessions have a cold copy.</summary>
    public static async Task<PressedDevice> FillAsync(LocalModel model, KvGeometry geometry, int sessions, int tokens, bool saved)
    {
        var device = new PressedDevice(model, geometry, sessions, tokens, saved);
        int[] prompt = [.. Enumerable.Range(0, tokens).Select(i => 1 + (i % 200))];
        for (int i = 0; i < sessions; i++)
        {
            var turn = new TurnRequest { Session = Key(i), Epoch = 1, History = Array.Empty<int>(), Prompt = prompt };
            await foreach (TurnEvent _ in device._worker.RunAsync(turn, CancellationToken.None))
            {
            }

            if (saved)
            {
                await device._worker.SaveAsync(Key(i), 1, CancellationToken.None);
            }
        }

        // Histograms are made beside the device's thread; a measure comes after those that are ready.
        while ((await device._worker.Pressure.MeasureAsync(CancellationToken.None)).Profile.Droppable == 0)
        {
            await Task.Delay(10);
        }

        await Task.Delay(500);
        GC.Collect();
        return device;
    }

    /// <summary>The limit falls by so many bytes: from there until they are free in the ledger.</summary>
    public async Task<ReliefTiming> RelieveAsync(long wanted)
    {
        long before = Held;
        var terms = new DeviceTerms((long)((before - wanted) / LowWatermark));
        long start = Stopwatch.GetTimestamp();
        _worker.Pressure.Apply(terms);
        while (Held > before - wanted)
        {
            Thread.SpinWait(20);
        }

        double total = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        double plan = 0;
        double apply = 0;
        for (int i = 0; i < _sessions; i++)
        {
            ResidentSession? resident = await _worker.DescribeAsync(Key(i), CancellationToken.None);
            foreach (CompressionReport cut in resident?.Compressions ?? [])
            {
                plan += 1e3 * cut.PlanSeconds;
                apply += 1e3 * cut.ApplySeconds;
            }
        }

        IReadOnlyList<ReliefEvent> events = _worker.Pressure.Status().Events;
        return new ReliefTiming(total, plan, apply, before - Held, events.Count);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        _backend.Dispose();
    }

    private static SessionKey Key(int session) => new("tenant", $"s{session}");
}

/// <summary>One relief in milliseconds.</summary>
/// <param name="Total">From the crossing until the bytes are free in the ledger.</param>
/// <param name="Plan">Of that, choosing slots.</param>
/// <param name="Apply">Of that, moving rows and freeing pages.</param>
/// <param name="Freed">Bytes that came free.</param>
/// <param name="Acts">Sessions cut or gone.</param>
internal readonly record struct ReliefTiming(double Total, double Plan, double Apply, long Freed, int Acts)
{
    /// <summary>Waking the thread, looking, deciding; where sessions leave, their leaving too.</summary>
    public double Rest => Total - Plan - Apply;
}
