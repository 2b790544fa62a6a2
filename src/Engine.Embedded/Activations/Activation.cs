using Orleans;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>One activation of a grain. This part holds what it is; the others its turns and its life.</summary>
internal sealed partial class Activation : IGrainContext
{
    private readonly ActivationScheduler _scheduler;
    private GrainReference? _reference;
    private HashSet<GrainTimer>? _timers;
    private EnumeratorHost? _enumerators;

    public Activation(EmbeddedSilo silo, GrainClass grainClass, GrainId id)
    {
        Silo = silo;
        Class = grainClass;
        GrainId = id;
        ActivationId = ActivationId.NewId();
        _scheduler = new ActivationScheduler(this);
        _lastUse = silo.Time.GetTimestamp();
    }

    public EmbeddedSilo Silo { get; }

    public GrainClass Class { get; }

    public GrainId GrainId { get; }

    public ActivationId ActivationId { get; }

    public Grain? GrainInstance { get; private set; }

    public IGrainFactory GrainFactory => Silo.GrainFactory;

    public GrainReference GrainReference => _reference ??= GrainReference.Create(Silo.GrainFactory, typeof(IAddressable), GrainId);

    /// <summary>The streams of results that callers read from this activation. For its own turns.</summary>
    public EnumeratorHost Enumerators => _enumerators ??= new EnumeratorHost(this);

    public IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        var timer = new GrainTimer(this, callback, options);
        lock (_waiting)
        {
            if (_state is ActivationState.Invalid)
            {
                timer.Dispose();
                throw new InvalidOperationException($"{this} has ended.");
            }

            (_timers ??= []).Add(timer);
        }

        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    public void OnTimerDisposed(GrainTimer timer)
    {
        lock (_waiting)
        {
            if (_timers?.Remove(timer) is true && _timers.Count == 0)
            {
                _timers = null;
            }
        }
    }

    public override string ToString() => $"[Activation: {Silo.SiloAddress}/{GrainId}{ActivationId} State={_state}]";

    private void EndTimers(Action<GrainTimer> end)
    {
        GrainTimer[] timers;
        lock (_waiting)
        {
            timers = [.. _timers ?? []];
            _timers = null;
        }

        Array.ForEach(timers, end);
    }
}

/// <summary>Where an activation is in its life.</summary>
internal enum ActivationState : byte
{
    /// <summary>It is made, reads its state and runs its activation hook; calls wait.</summary>
    Activating,

    /// <summary>It takes calls.</summary>
    Valid,

    /// <summary>It ends: the turns that run go on, calls wait.</summary>
    Deactivating,

    /// <summary>It has ended: calls go elsewhere.</summary>
    Invalid,
}
