using KVCluster.Evaluation.Scenarios;
using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Worker;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Silo.Simulating;

/// <summary>
/// A device that is bytes and speeds under the real worker: its thread, queue, attaching, steps and decisions under pressure are what serves
/// real models. Only the arithmetic and the bytes of cold copies are left out.
/// </summary>
internal sealed class SimulatedDevice : IAsyncDisposable
{
    private readonly StepGate _gate;
    private readonly SimulatedStore? _store;
    private readonly DeviceWorker _inner;

    private SimulatedDevice(LocalModel model, StepGate gate, SimulatedStore? store, DeviceWorker inner, Action<TurnEnd> ended)
    {
        Model = model;
        _gate = gate;
        _store = store;
        _inner = inner;
        Worker = new WatchedWorker(inner, ended);
    }

    /// <summary>What grains use.</summary>
    public WatchedWorker Worker { get; }

    /// <summary>Its model and arena.</summary>
    public LocalModel Model { get; }

    /// <summary>Whether the device's thread waits for the clock, within a step.</summary>
    public bool IsStepping => _gate.IsWaiting;

    /// <summary>Whether the thread waits for the clock in a step and is to be asked for its memory.</summary>
    public bool KeepsMeasureWaiting => IsStepping && _inner.MeasuresAsked > 0;

    /// <summary>Share of the arena held.</summary>
    public double UsedShare
    {
        get
        {
            LedgerSnapshot ledger = Model.Backend.Pool.Ledger.Snapshot();
            return 1 - ((double)ledger.FreeBytes / ledger.TotalBytes);
        }
    }

    /// <summary>Opens a device of a node.</summary>
    public static SimulatedDevice Open(SimulationSetup setup, ScenarioNode node, Action<TurnEnd> ended)
    {
        LocalModel model = SimulatedModel.Open(
            setup.ModelFolder, setup.Scale.Arena(node.Bytes), setup.Scale.PageTokens, setup.BatchTokens);
        var gate = new StepGate(setup.Clock);
        var backend = new SimulatedBackend(model.Backend, setup.Speeds, gate, setup.Attention);
        SimulatedStore? store = setup.Speeds.SaveBytesPerSecond > 0
            ? new SimulatedStore(setup.Clock, setup.Copies, setup.Speeds.LoadBytesPerSecond, setup.Speeds.SaveBytesPerSecond)
            : null;
        return new SimulatedDevice(model, gate, store, new DeviceWorker(model, setup.WorkerOptions, store, backend), ended);
    }

    /// <summary>Whether everything on the device waits for the clock, or there is nothing.</summary>
    public bool IsQuiet()
    {
        bool stepping = IsStepping;
        if (!stepping && !_inner.IsAtRest)
        {
            return false;
        }

        DeviceStatus status = _inner.Status();
        return Worker.Turns <= status.Running + status.Waiting + _inner.TurnsSubmitted
            && _inner.StoreCallsUnderWay == (_store?.Waiting ?? 0)
            && (Worker.Calls == 0 || Worker.Called.Count(session => !IsSaving(session)) <= (stepping ? _inner.OthersWaiting : 0));
    }

    /// <summary>The device is gone, with all that it holds.</summary>
    public async ValueTask DisposeAsync()
    {
        _gate.Shut();
        await _inner.DisposeAsync();
        Model.Dispose();
        _gate.Dispose();
    }

    private bool IsSaving(SessionKey session) => _store is not null && _store.IsWaiting(new SnapshotOwner(session.Tenant, session.Session));
}
