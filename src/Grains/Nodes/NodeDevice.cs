using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling.Constraints;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>A device of this node as its grains use it.</summary>
public sealed class NodeDevice(IDeviceWorker worker)
{
    /// <summary>Its worker.</summary>
    public IDeviceWorker Worker { get; } = worker ?? throw new ArgumentNullException(nameof(worker));

    /// <summary>Prompts as tokens of its model.</summary>
    internal ChatTurns Turns { get; } = new(worker.Model);

    /// <summary>Forms of answers in the tokens of its model.</summary>
    internal TokenGrammars Grammars { get; } = new(worker.Model.Tokenizer, worker.Model.EndTokens);

    /// <summary>The device at this instant, for other nodes.</summary>
    public DeviceReport Report()
    {
        DeviceStatus status = Worker.Status();
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
            WholeBytes = status.HeldTokens * Worker.Model.Backend.Pool.Geometry.BytesPerToken,
            Running = status.Running,
            Waiting = status.Waiting,
            PrefillTokensPerSecond = status.PrefillTokensPerSecond,
            DecodeTokensPerSecond = status.DecodeTokensPerSecond,
            IsDraining = status.IsDraining,
            Failure = status.Failure,
        };
    }
}
