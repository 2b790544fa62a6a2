using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Worker.Serving.Device;
using KVCluster.Worker.Serving.Telemetry;

namespace KVCluster.Worker.Serving;

/// <content>What is done with caches between turns.</content>
public sealed partial class DeviceWorker
{
    /// <inheritdoc/>
    public ValueTask<ResidentSession?> DescribeAsync(SessionKey session, CancellationToken cancellationToken)
    {
        TurnCheck.Key(session);
        return CallAsync(
            () => _parts.Sessions.TryGetValue(session, out DeviceSession? known) ? SessionDescription.Of(known, _parts) : null, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ResidentChanges> ResidentsAsync(long after, CancellationToken cancellationToken) =>
        CallAsync(() => _residents.Since(after), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<KeptSlots?> KeptAsync(SessionKey session, CancellationToken cancellationToken)
    {
        TurnCheck.Key(session);
        return CallAsync(
            () => _parts.Sessions.TryGetValue(session, out DeviceSession? known) ? KeptSlotsReader.Read(known) : null, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask PrefetchAsync(AttachRequest request, CancellationToken cancellationToken)
    {
        Check(request);
        Task fetched = await CallAsync(
            () =>
            {
                DeviceSession session = _core.Enter(request.Session, request.Epoch);
                bool wanted = _store is not null && session.Cache is null && session.Turn is null && session.Fetch is null && !_core.IsDraining;
                return wanted && request.History.Length > 0 ? _core.Fetcher.Prefetch(session, request) : Task.CompletedTask;
            },
            cancellationToken).ConfigureAwait(false);
        await fetched.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<CompressionReport?> CompressAsync(
        SessionKey session, long epoch, CompressionRequest request, CancellationToken cancellationToken)
    {
        TurnCheck.Key(session);
        ArgumentNullException.ThrowIfNull(request);
        Task<CompressionReport?> done = await CallAsync(
            () => Idle(session, epoch) is { } idle ? _core.Compressions.Begin(idle, request) : Task.FromResult<CompressionReport?>(null),
            cancellationToken).ConfigureAwait(false);
        return await done.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<AttachReport> RestoreAsync(AttachRequest request, CancellationToken cancellationToken)
    {
        Check(request);
        var turn = new TurnRequest
        {
            Session = request.Session,
            Epoch = request.Epoch,
            History = request.History,
            Prompt = ReadOnlyMemory<int>.Empty,
        };
        TurnCheck.Validate(turn, Model);
        AttachReport? report = null;
        await foreach (TurnEvent happened in ReadAsync(turn, cancellationToken, restores: true).ConfigureAwait(false))
        {
            report = (happened as TurnEnd)?.Attach ?? report;
        }

        return report!;
    }

    /// <inheritdoc/>
    public async ValueTask<SnapshotSave?> SaveAsync(SessionKey session, long epoch, CancellationToken cancellationToken)
    {
        TurnCheck.Key(session);
        var done = new TaskCompletionSource<SnapshotSave?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await CallAsync(
            () =>
            {
                DeviceSession? known = Known(session, epoch);
                if (known?.Cache is null || _store is null || known.Cached == 0)
                {
                    return done.TrySetResult(null);
                }

                if (_parts.StoreHealth.Late > 0)
                {
                    // Nobody must leave the device for this copy, and what a store reads that hangs stays in memory.
                    return done.TrySetResult(CacheSaver.Refused);
                }

                _core.Saver.Begin(known, save => done.TrySetResult(save));
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        return await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<EvictReport> EvictAsync(SessionKey session, long epoch, bool save, CancellationToken cancellationToken)
    {
        TurnCheck.Key(session);
        long coming = await EndFetchAsync(session, epoch, cancellationToken).ConfigureAwait(false);
        EvictReport report = await EvictResidentAsync(session, epoch, save, cancellationToken).ConfigureAwait(false);
        return report with { FreedBytes = report.FreedBytes + coming };
    }

    /// <summary>A cache on its way does not arrive after its session was taken off the device; returns the bytes set aside for it.</summary>
    private async ValueTask<long> EndFetchAsync(SessionKey session, long epoch, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        await CallAsync(
            () =>
            {
                DeviceSession? known = Known(session, epoch);
                if (known is not null)
                {
                    known.GaveWay = default;
                }

                if (known is { Turn: null, Fetch: { } fetch })
                {
                    fetch.Evict(freed => done.TrySetResult(freed));
                    return true;
                }

                return done.TrySetResult(0);
            },
            cancellationToken).ConfigureAwait(false);
        long freed = await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return freed == ArenaRoom.InUse ? throw new TurnInProgressException(session) : freed;
    }

    private async ValueTask<EvictReport> EvictResidentAsync(SessionKey session, long epoch, bool save, CancellationToken cancellationToken)
    {
        var caller = WorkerTrace.Caller;
        var done = new TaskCompletionSource<EvictReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        await CallAsync(
            () =>
            {
                DeviceSession? idle = Idle(session, epoch);
                if (idle is null)
                {
                    return done.TrySetResult(new EvictReport(0, null));
                }

                idle.LastTrace = caller == default ? idle.LastTrace : caller;
                _core.Compressions.Abort(idle, gone => new OperationCanceledException($"session {gone.Key} leaves the device"));
                if (!save || _store is null)
                {
                    return done.TrySetResult(new EvictReport(idle.Drop(), null));
                }

                _core.Room.SaveAndDrop(idle, (saved, freed) => Report(done, session, saved, freed), asked: true);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        return await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<bool> ForkAsync(
        SessionKey session, long epoch, SessionKey target, long targetEpoch, int tokens, CancellationToken cancellationToken)
    {
        TurnCheck.Key(session);
        TurnCheck.Key(target);
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        if (session == target)
        {
            throw new Inference.InputException($"session {session} cannot be forked to itself");
        }

        return CallAsync(() => Fork(session, epoch, target, targetEpoch, tokens), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask CloseAsync(SessionKey session, long epoch, bool deleteCold, CancellationToken cancellationToken)
    {
        TurnCheck.Key(session);
        Task saving = await CallAsync(() => Forget(session, epoch), cancellationToken).ConfigureAwait(false);
        if (!deleteCold || _store is null)
        {
            return;
        }

        // A save that ended after the deletion would bring the copy back.
        await saving.WaitAsync(cancellationToken).ConfigureAwait(false);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = _store.Begin(
            async (store, cancel) =>
            {
                await store.DeleteAsync(new SnapshotOwner(session.Tenant, session.Session), epoch, cancel).ConfigureAwait(false);
                return true;
            },
            _parts.Options.TransferTimeout,
            failed: false,
            _ => done.TrySetResult());
        await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether scores of a session's cache as it is lie ready.</summary>
    internal ValueTask<bool> HasScoresAsync(SessionKey session, CancellationToken cancellationToken) => CallAsync(
        () => _parts.Sessions.TryGetValue(session, out DeviceSession? known) && known.Scores is not null, cancellationToken);

    private static void Report(TaskCompletionSource<EvictReport> done, SessionKey session, SnapshotSave? saved, long freed)
    {
        if (freed == ArenaRoom.InUse)
        {
            done.TrySetException(new TurnInProgressException(session));
            return;
        }

        done.TrySetResult(new EvictReport(freed, saved));
    }

    private void Check(AttachRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        TurnCheck.Key(request.Session);
        TurnCheck.Tokens(request.History.Span, Model);
    }

    /// <summary>A session the device knows, or null; nothing is remembered of others.</summary>
    private DeviceSession? Known(SessionKey session, long epoch) =>
        _parts.Sessions.ContainsKey(session) ? _core.Enter(session, epoch) : null;

    /// <summary>A resident session without a turn, or null where it is not resident.</summary>
    private DeviceSession? Idle(SessionKey key, long epoch)
    {
        DeviceSession? session = Known(key, epoch);
        return session?.Turn is null ? (session?.Cache is null ? null : session) : throw new TurnInProgressException(key);
    }

    /// <summary>Lossy pages belong to one session: only an exact cache is shared.</summary>
    private bool Fork(SessionKey key, long epoch, SessionKey target, long targetEpoch, int tokens)
    {
        DeviceSession? session = Known(key, epoch);
        DeviceSession taker = _core.Enter(target, targetEpoch);
        if (taker.Turn is not null)
        {
            throw new TurnInProgressException(target);
        }

        int shared = Math.Min(tokens, session?.Cached ?? 0);
        if (session?.Cache is not { IsExact: true } cache || shared == 0 || taker.Fetch is not null)
        {
            return false;
        }

        _core.Compressions.Abort(taker, busy => new OperationCanceledException($"session {busy.Key} got another cache"));
        KvCache fork = cache.Fork();
        fork.Truncate(shared);
        taker.Drop();
        taker.Adopt(fork, new TokenBuffer(session.Tokens.Span[..shared]), shared);
        _parts.Touch(taker);
        return true;
    }

    private Task Forget(SessionKey key, long epoch)
    {
        if (Known(key, epoch) is not { } session)
        {
            return Task.CompletedTask;
        }

        if (session.Turn is not null)
        {
            throw new TurnInProgressException(key);
        }

        _core.Compressions.Abort(session, gone => new OperationCanceledException($"session {gone.Key} was closed"));
        session.IsClosed = true;
        session.Drop();
        _parts.Sessions.Remove(key);
        return session.Saving;
    }
}
