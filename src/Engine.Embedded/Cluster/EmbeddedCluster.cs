using System.Collections.Concurrent;
using System.Net;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>
/// A cluster of virtual silos in this process. It behaves as Microsoft Orleans does; where the two differ docs/engines.md says so.
/// </summary>
public sealed class EmbeddedCluster : IAsyncDisposable
{
    // Timeouts are looked for this often; shorter response timeouts shorten it.
    private static readonly TimeSpan LongestSweepPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, MemoryGrainStorage> _memory = new();
    private readonly ITimer _sweeper;
    private EmbeddedSilo[] _silos = [];
    private TimeSpan _sweepPeriod = LongestSweepPeriod;
    private int _lastSilo;
    private int _busy;
    private long _begun;

    /// <summary>A cluster without silos.</summary>
    /// <exception cref="ArgumentException">A grain class is not usable; the message says why.</exception>
    public EmbeddedCluster(EmbeddedClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        Classes = new GrainClassMap(options.GrainAssemblies);
        Locator = new Locator(this);
        Client = new GrainFactory(this, null, options.ClientMessaging);
        using (FlowSuppression.Begin())
        {
            _sweeper = options.TimeProvider.CreateTimer(static state => ((EmbeddedCluster)state!).ExpireCalls(), this,
                Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        SweepWithin(options.ClientMessaging.ResponseTimeout);
    }

    /// <summary>The client: calls grains from outside of them.</summary>
    public IClusterClient Client { get; }

    /// <summary>The silos that run.</summary>
    public IReadOnlyList<EmbeddedSilo> Silos => [.. RunningSilos()];

    /// <summary>
    /// How much runs, for clocks that jump: where nothing is busy, and as much had begun at an earlier look, no grain has run in between.
    /// </summary>
    public EmbeddedActivity Activity => new(Volatile.Read(ref _busy), Volatile.Read(ref _begun));

    internal EmbeddedClusterOptions Options { get; }

    internal GrainClassMap Classes { get; }

    internal Locator Locator { get; }

    /// <summary>Starts a silo and its hosted services.</summary>
    /// <param name="name">Its name, unique among those that run; <c>silo-N</c> when null.</param>
    /// <param name="configure">Configures this silo, after the cluster's own configuration.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <exception cref="ArgumentException">A silo of that name runs.</exception>
    public async Task<EmbeddedSilo> StartSiloAsync(
        string? name = null, Action<ISiloBuilder>? configure = null, CancellationToken cancellationToken = default)
    {
        var number = Interlocked.Increment(ref _lastSilo);
        var builder = new EmbeddedSiloBuilder(this);
        Options.ConfigureSilo?.Invoke(builder);
        configure?.Invoke(builder);
        var silo = new EmbeddedSilo(this, name ?? $"silo-{number}", SiloAddress.New(IPAddress.Loopback, number, number), builder);
        SweepWithin(silo.ResponseTimeout);
        lock (_gate)
        {
            if (Array.Exists(_silos, other => other.Name == silo.Name))
            {
                throw new ArgumentException($"A silo of the name {name} runs already.", nameof(name));
            }

            _silos = [.. _silos, silo];
        }

        try
        {
            await silo.StartAsync(cancellationToken);
        }
        catch
        {
            await KillSiloAsync(silo);
            throw;
        }

        return silo;
    }

    /// <summary>
    /// Stops a silo: its hosted services stop, its activations end with their deactivation hooks, and its services are disposed. Calls that wait
    /// go to activations on other silos. What has not ended when the token is cancelled is killed.
    /// </summary>
    public async Task StopSiloAsync(EmbeddedSilo silo, CancellationToken cancellationToken = default)
    {
        try
        {
            await silo.StopAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Out of patience: the rest is killed.
        }
        finally
        {
            await KillSiloAsync(silo);
        }
    }

    /// <summary>
    /// Ends a silo as the end of its process would: activations vanish without a hook, their turns go no further than the next await, calls in
    /// flight to them fail with <see cref="SiloUnavailableException"/>, state stays as last written. Then its services are disposed, to give back
    /// what the end of a process gives back.
    /// </summary>
    public async Task KillSiloAsync(EmbeddedSilo silo)
    {
        lock (_gate)
        {
            if (!_silos.Contains(silo))
            {
                return;
            }

            _silos = Array.FindAll(_silos, other => other != silo);
        }

        silo.Kill();
        await silo.DisposeAsync();
    }

    /// <summary>Stops every silo.</summary>
    public async ValueTask DisposeAsync()
    {
        var silos = _silos;
        Array.ForEach(silos, silo => silo.StopAccepting());
        await Task.WhenAll(silos.Select(silo => StopSiloAsync(silo)));
        await _sweeper.DisposeAsync();
    }

    /// <summary>The states in memory that a name stands for: the silos share them.</summary>
    internal MemoryGrainStorage Memory(string name) => _memory.GetOrAdd(name, static _ => new MemoryGrainStorage());

    /// <summary>An activation has something to do, or a grain is being placed.</summary>
    internal void BeginWork()
    {
        Interlocked.Increment(ref _busy);
        Interlocked.Increment(ref _begun);
    }

    /// <summary>Takes one <see cref="BeginWork"/> back.</summary>
    internal void EndWork() => Interlocked.Decrement(ref _busy);

    internal IEnumerable<EmbeddedSilo> RunningSilos() => Volatile.Read(ref _silos).Where(silo => silo.IsRunning);

    internal EmbeddedSilo? SiloAt(SiloAddress address) => Array.Find(Volatile.Read(ref _silos), silo => silo.SiloAddress.Equals(address));

    /// <summary>The silo itself while it takes activations, else any that does.</summary>
    internal EmbeddedSilo NearestTo(EmbeddedSilo? silo)
    {
        if (silo is { IsRunning: true })
        {
            return silo;
        }

        var running = RunningSilos().ToArray();
        return running.Length > 0 ? running[Options.Random.Next(running.Length)]
            : throw new SiloUnavailableException("No silo of the cluster runs.");
    }

    internal long DeadlineAfter(TimeSpan time)
        => time == Timeout.InfiniteTimeSpan ? long.MaxValue
            : Options.TimeProvider.GetTimestamp() + (long)(time.TotalSeconds * Options.TimeProvider.TimestampFrequency);

    private void SweepWithin(TimeSpan timeout)
    {
        lock (_gate)
        {
            _sweepPeriod = timeout > TimeSpan.Zero && timeout < _sweepPeriod ? timeout : _sweepPeriod;
            _sweeper.Change(_sweepPeriod, _sweepPeriod);
        }
    }

    private void ExpireCalls()
    {
        var now = Options.TimeProvider.GetTimestamp();
        Locator.ExpireCalls(now);
        Array.ForEach(Volatile.Read(ref _silos), silo => silo.ExpireCalls(now));
    }
}
