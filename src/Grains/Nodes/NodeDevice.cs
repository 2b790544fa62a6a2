using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>A device of this node as its grains use it.</summary>
public sealed class NodeDevice(IDeviceWorker worker)
{
    /// <summary>Its worker.</summary>
    public IDeviceWorker Worker { get; } = worker ?? throw new ArgumentNullException(nameof(worker));

    /// <summary>Prompts as tokens of its model.</summary>
    internal ChatTurns Turns { get; } = new(worker.Model);

    /// <summary>The device at this instant, for other nodes.</summary>
    public DeviceReport Report()
    {
        try
        {
            return Of(Worker.Status());
        }
        catch (DeviceFailedException error)
        {
            return Of(new DeviceStatus { Ledger = default, Resident = 0, Running = 0, Waiting = 0 }) with { Failure = error.Message };
        }
    }

    private DeviceReport Of(DeviceStatus status)
    {
        LedgerSnapshot ledger = status.Ledger;
        return new DeviceReport
        {
            Device = Worker.Device,
            Model = Worker.Model.Fingerprint,
            TotalBytes = ledger.TotalBytes,
            FreeBytes = ledger.FreeBytes,
            EvictableBytes = ledger.EvictableBytes,
            PinnedBytes = ledger.PinnedBytes,
            Resident = status.Resident,
            Running = status.Running,
            Waiting = status.Waiting,
            PrefillTokensPerSecond = status.PrefillTokensPerSecond,
            DecodeTokensPerSecond = status.DecodeTokensPerSecond,
            IsDraining = status.IsDraining,
        };
    }
}
