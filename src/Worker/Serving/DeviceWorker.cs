using System.Runtime.CompilerServices;
using KVCluster.Inference.Backend;
using KVCluster.Storage;
using KVCluster.Worker.Serving.Device;
using KVCluster.Worker.Serving.Pressure;
using KVCluster.Worker.Serving.Telemetry;

namespace KVCluster.Worker.Serving;

/// <summary>
/// Serves one device: any number of sessions on one model and one arena, batched by a thread of its own. The model is its caller's, and is
/// disposed after the worker, by which nothing else may use it meanwhile.
/// </summary>
public sealed partial class DeviceWorker : IDeviceWorker
{
    private const int CallCapacity = 1024;

    private readonly DeviceParts _parts;
    private readonly DeviceCore _core;
    private readonly Inbox _inbox = new(CallCapacity);
    private readonly StoreCalls? _store;
    private readonly ResidentBook _residents;
    private int _disposed;

    /// <summary>Starts the device's thread.</summary>
    /// <param name="model">What it runs.</param>
    /// <param name="options">How; null: the defaults.</param>
    /// <param name="store">Where cold copies are; null: nowhere. It stays its caller's.</param>
    /// <exception cref="Inference.InputException">An option is out of range.</exception>
    public DeviceWorker(LocalModel model, DeviceWorkerOptions? options = null, ISnapshotStore? store = null)
        : this(model, options, store, model?.Backend)
    {
    }

    /// <summary>With a backend in place of the model's own, for tests and measurements.</summary>
    internal DeviceWorker(LocalModel model, DeviceWorkerOptions? options, ISnapshotStore? store, IInferenceBackend? backend)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new DeviceWorkerOptions();
        options.Validate();
        Model = model;
        _store = store is null ? null : new StoreCalls(store, _inbox, options.Time);
        _parts = new DeviceParts(model, backend ?? model.Backend, options, _inbox, _store);
        _parts.Labels = new DeviceLabels(options.Node, options.Device, _parts.Geometry.ElementType);
        _residents = new ResidentBook(_parts);
        _core = new DeviceCore(_parts);
        _core.Start();
        WorkerMetrics.Add(this, _parts.Labels);
    }

    /// <inheritdoc/>
    public string Device => _parts.Options.Device;

    /// <inheritdoc/>
    public LocalModel Model { get; }

    /// <inheritdoc/>
    public DeviceStatus Status() => new()
    {
        Ledger = _parts.Ledger(),
        Resident = _parts.Counts.Resident,
        HeldTokens = _parts.Counts.HeldTokens,
        Running = _parts.Counts.Running,
        Waiting = _parts.Counts.Waiting,
        PrefillTokensPerSecond = _parts.Speeds.PrefillTokensPerSecond,
        DecodeTokensPerSecond = _parts.Speeds.DecodeTokensPerSecond,
        LoadBytesPerSecond = _parts.Speeds.LoadBytesPerSecond,
        Activity = Activity,
        IsDraining = _core.IsDraining,
        Failure = _core.Failure?.Message,
    };

    /// <summary>What it has done since it started.</summary>
    public DeviceActivity Activity => _parts.Activity.Snapshot(_parts.Log.Total(ReliefKind.Compress));

    /// <summary>Its caches together, as of the last <see cref="ResidentsAsync"/>.</summary>
    public ResidentTotals Totals => _residents.Totals;

    /// <inheritdoc/>
    public async ValueTask FenceAsync(SessionKey session, long epoch, CancellationToken cancellationToken)
    {
        TurnCheck.Key(session);
        await CallAsync(() => _core.Enter(session, epoch), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<TurnEvent> RunAsync(TurnRequest request, CancellationToken cancellationToken)
    {
        TurnCheck.Validate(request, Model);
        return ReadAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask StopAsync(SessionKey session, long epoch, CancellationToken cancellationToken)
    {
        TurnCheck.Key(session);
        await CallAsync(
            () =>
            {
                if (_core.Enter(session, epoch).Turn is { Restores: false } turn)
                {
                    turn.Answer?.End(FinishReason.Cancelled);
                    _core.Board.Finish(turn);
                }

                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        Task drained = await CallAsync(_core.Drain, cancellationToken).ConfigureAwait(false);
        await drained.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends every turn, waits until the store has let go of every cache, and ends the thread. More than once does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            await _core.Ended.ConfigureAwait(false);
            return;
        }

        WorkerMetrics.Remove(this);
        _inbox.Close();
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _inbox.Post(() =>
        {
            try
            {
                _core.Fail(new ObjectDisposedException(nameof(DeviceWorker)));
            }
            finally
            {
                failed.SetResult();
            }
        });

        // From here on the device's thread begins no save or load any more that nobody would wait for.
        await failed.Task.ConfigureAwait(false);
        if (_store is not null)
        {
            await _store.DisposeAsync().ConfigureAwait(false);
        }

        _core.Stop();
        await _core.Ended.ConfigureAwait(false);
        _inbox.Dispose();
    }

    private async IAsyncEnumerable<TurnEvent> ReadAsync(
        TurnRequest request, [EnumeratorCancellation] CancellationToken cancellationToken, bool restores = false)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var span = WorkerTrace.Begin(request, Device);
        var turn = new Turn(request, _parts.Now, restores) { Span = span, Steps = WorkerTrace.Steps(span) };
        Interlocked.Increment(ref _submitted);
        await CallAsync(
            () =>
            {
                Interlocked.Decrement(ref _submitted);
                DeviceSession session = _core.Enter(request.Session, request.Epoch);
                _core.Board.Submit(turn, session);
                _core.Compressions.Abort(session, busy => new TurnInProgressException(busy.Key));
                return true;
            },
            CancellationToken.None).ConfigureAwait(false);
        try
        {
            await foreach (TurnEvent happened in turn.Events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return happened;
            }
        }
        finally
        {
            if (!turn.IsOver)
            {
                _inbox.Post(() => _core.Board.Fail(turn, new OperationCanceledException(cancellationToken)));
            }
        }
    }

    /// <summary>Runs something on the device's thread.</summary>
    private async ValueTask<T> CallAsync<T>(Func<T> call, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _inbox.CallAsync(
            () =>
            {
                if (_core.Failure is { } failure)
                {
                    done.SetException(failure);
                    return;
                }

                try
                {
                    done.SetResult(call());
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }
            },
            cancellationToken).ConfigureAwait(false);
        return await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }
}
