using KVCluster.Compression.Pressure;
using KVCluster.Inference.Sampling;
using KVCluster.Storage;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>A worker that acts between watermarks, on an arena of a given number of tokens.</summary>
internal sealed class PressedFixture : IAsyncDisposable
{
    public static readonly SamplingOptions Long = NeedleFixture.Greedy with { MaxTokens = 300, Temperature = 50, Seed = 9 };

    public PressedFixture(
        int arenaTokens,
        DevicePressureOptions? pressure = null,
        ISnapshotStore? store = null,
        DeviceWorkerOptions? options = null,
        bool watched = false)
    {
        Serving = new ServingFixture(
            (options ?? ServingFixture.Plain) with { Pressure = pressure ?? Usual }, store, contextTokens: arenaTokens, watched: watched);
    }

    /// <summary>
    /// Small floors, so that small caches have something to lose; cutting is cheap, since so small a model would compute any cache again in no
    /// time; making whole only when asked.
    /// </summary>
    public static DevicePressureOptions Usual { get; } = new()
    {
        Weighing = new PressureOptions { SecondsPerMass = 1e-3 },
        Floors = new SessionFloors { Sinks = 4, Recents = 16 },
        RestorePriority = null,
    };

    public ServingFixture Serving { get; }

    public IDevicePressure Pressure => Serving.Worker.Pressure;

    public DevicePressureStatus Status => Pressure.Status();

    public IEnumerable<ReliefEvent> Events(ReliefKind kind) => Status.Events.Where(e => e.Kind == kind);

    public static int[] Tokens(int count, int seed = 0) => [.. Enumerable.Range(0, count).Select(i => 20 + (((i * 7) + (seed * 13)) % 900))];

    /// <summary>Gives a session a cache of so many tokens.</summary>
    public Task<TurnEnd> Read(string session, int tokens, int seed = 0, int priority = 0) =>
        Serving.Run(Serving.Append(session, [], Tokens(tokens, seed)) with { Priority = priority });

    public async Task<ResidentSession> Describe(string session) => (await Serving.Describe(session))!;

    /// <summary>Waits until something holds; bounded.</summary>
    public static async Task Until(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(ServingFixture.Patience);
        while (!holds())
        {
            await Task.Delay(1, patience.Token);
        }
    }

    /// <summary>Waits until the device's thread sleeps: its timer is set, and the clock may be moved.</summary>
    public Task Resting() => Settled(() => true);

    /// <summary>
    /// Waits until something holds and the device's thread sleeps: of acts that are under way some are seen in the ledger, and not yet in the log.
    /// </summary>
    public Task Settled(Func<bool> holds) => Until(() => holds() && Serving.Worker.IsAtRest && holds());

    public ValueTask DisposeAsync() => Serving.DisposeAsync();
}
