using KVCluster.Storage;
using KVCluster.Worker;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>The device that one session's cache is on, and what is known of the cache's cold copy. Chosen when first needed.</summary>
internal sealed class SessionDevice(SessionId id, INodeDevices devices)
{
    private NodeDevice? _device;
    private bool _isUnsaved;
    private bool _isAbandoned;

    /// <summary>The session's name on devices.</summary>
    public SessionKey Session { get; } = new(id.Tenant, id.Session);

    /// <summary>The device's name; empty before one was chosen.</summary>
    public string Name => _device?.Worker.Device ?? "";

    /// <summary>KV heads of a layer of the device's model; 0 before one was chosen.</summary>
    public int KvHeads => _device?.Worker.Model.Config.KvHeads ?? 0;

    /// <summary>Bytes of the cold copy last known of.</summary>
    public long ColdBytes { get; set; }

    /// <summary>Whether the cache has grown since it was saved, and this activation may still write.</summary>
    public bool IsUnsaved => _isUnsaved && !_isAbandoned && _device is not null;

    /// <summary>The device, fenced for this epoch.</summary>
    /// <exception cref="SessionUnavailableException">There is none, or a later epoch was seen there.</exception>
    /// <exception cref="ModelMismatchException">It serves another model.</exception>
    public async ValueTask<NodeDevice> AttachAsync(string model, long epoch, CancellationToken cancellationToken)
    {
        if (_device is { } attached)
        {
            return attached;
        }

        NodeDevice device = await devices.ForAsync(Session, cancellationToken);
        if (device.Worker.Model.Fingerprint != model)
        {
            throw new ModelMismatchException(
                $"session {Session} was made with model {model}, device {device.Worker.Device} serves {device.Worker.Model.Fingerprint}");
        }

        await device.Worker.FenceAsync(Session, epoch, cancellationToken);
        return _device ??= device;
    }

    /// <summary>The cache has grown.</summary>
    public void Touched() => _isUnsaved = true;

    /// <summary>Nothing is written for this activation any more.</summary>
    public void Abandon() => _isAbandoned = true;

    public ValueTask<ResidentSession?> DescribeAsync(CancellationToken cancellationToken) =>
        _device is null ? ValueTask.FromResult<ResidentSession?>(null) : _device.Worker.DescribeAsync(Session, cancellationToken);

    public ValueTask<KeptSlots?> KeptAsync(CancellationToken cancellationToken) =>
        _device is null ? ValueTask.FromResult<KeptSlots?>(null) : _device.Worker.KeptAsync(Session, cancellationToken);

    public ValueTask StopAsync(long epoch, CancellationToken cancellationToken) =>
        _device is null ? ValueTask.CompletedTask : _device.Worker.StopAsync(Session, epoch, cancellationToken);

    /// <summary>Saves a cold copy, if there is something new to save. Null where nothing was done.</summary>
    public async ValueTask<SnapshotSave?> SaveAsync(long epoch, CancellationToken cancellationToken)
    {
        if (!IsUnsaved)
        {
            return null;
        }

        _isUnsaved = false;
        SnapshotSave? saved = await _device!.Worker.SaveAsync(Session, epoch, cancellationToken);
        Note(saved);
        return saved;
    }

    /// <summary>Saves a cold copy and takes the cache off the device.</summary>
    public async ValueTask<EvictReport> EvictAsync(long epoch, CancellationToken cancellationToken)
    {
        if (_device is null)
        {
            return new EvictReport(0, null);
        }

        EvictReport report = await _device.Worker.EvictAsync(Session, epoch, save: true, cancellationToken);
        Note(report.Saved);
        _isUnsaved = false;
        return report;
    }

    /// <summary>Cuts the cache; null where it is on no device.</summary>
    public async ValueTask<CompressionReport?> CompressAsync(long epoch, CompressionRequest request, CancellationToken cancellationToken)
    {
        CompressionReport? report = _device is null
            ? null
            : await _device.Worker.CompressAsync(Session, epoch, request, cancellationToken);
        _isUnsaved |= report is not null;
        return report;
    }

    /// <summary>Brings the exact cache of the history back.</summary>
    public async ValueTask RestoreAsync(long epoch, int[] history, CancellationToken cancellationToken)
    {
        if (_device is not null && history.Length > 0)
        {
            await _device.Worker.RestoreAsync(new AttachRequest(Session, epoch, history), cancellationToken);
            _isUnsaved = true;
        }
    }

    /// <summary>Keeps the cache from giving way to others; zero ends that.</summary>
    /// <exception cref="InvalidRequestException">The device pins nothing.</exception>
    public ValueTask PinAsync(long epoch, TimeSpan duration, CancellationToken cancellationToken) => _device?.Worker.Pressure is { } pressure
        ? pressure.PinAsync(Session, epoch, duration, cancellationToken)
        : throw new InvalidRequestException($"session {Session}: its device pins no caches");

    /// <summary>Gives another session of this device a cache that shares this one's pages.</summary>
    public async ValueTask ForkAsync(long epoch, SessionKey target, long targetEpoch, int tokens, CancellationToken cancellationToken)
    {
        if (_device is not null)
        {
            await _device.Worker.ForkAsync(Session, epoch, target, targetEpoch, tokens, cancellationToken);
        }
    }

    /// <summary>Forgets cache and cold copies.</summary>
    public async ValueTask CloseAsync(long epoch, CancellationToken cancellationToken)
    {
        if (_device is not null)
        {
            await _device.Worker.CloseAsync(Session, epoch, deleteCold: true, cancellationToken);
        }
    }

    private void Note(SnapshotSave? saved)
    {
        if (saved is { Outcome: SaveOutcome.Published })
        {
            ColdBytes = saved.StoredBytes;
        }
        else if (saved is not null)
        {
            // Tried again with the next turn's end: a store that is down or full is not asked in a loop.
            _isAbandoned |= saved.Outcome == SaveOutcome.Fenced;
        }
    }
}
