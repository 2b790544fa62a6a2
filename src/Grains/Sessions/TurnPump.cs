using KVCluster.Worker;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>Reads a turn's events from its device. Disposed before its end, the turn never was.</summary>
internal sealed class TurnPump : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly IAsyncEnumerator<TurnEvent> _events;
    private readonly SessionId _session;
    private readonly CancellationToken _leaving;
    private readonly CancellationTokenRegistration _leave;
    private readonly Func<Task> _halt;
    private readonly bool _handsOver;
    private bool _isAborted;

    /// <summary>
    /// A turn that ends, as if it never was, when its caller cancels. When its node must leave it ends with what was made, to go on elsewhere,
    /// or, where that cannot be, as if it never was.
    /// </summary>
    public TurnPump(
        TurnRequest turn, IDeviceWorker worker, SessionId session, bool handsOver, CancellationToken leaving, CancellationToken cancellationToken)
    {
        _session = session;
        _handsOver = handsOver;
        _leaving = leaving;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _halt = () => HaltAsync(worker, turn);
        _events = worker.RunAsync(turn, _stop.Token).GetAsyncEnumerator(_stop.Token);
        _leave = leaving.Register(() => _ = _handsOver ? _halt() : _stop.CancelAsync());
    }

    /// <summary>Since when nobody has asked for the next piece: a timestamp; null while somebody does.</summary>
    public long? UnreadSince { get; set; }

    /// <summary>How the turn ended; null until then.</summary>
    public TurnEnd? End { get; private set; }

    /// <summary>Whether it ended in its middle because its node must leave.</summary>
    public bool IsHalted => _handsOver && _leaving.IsCancellationRequested && End?.Completion?.Reason == FinishReason.Cancelled;

    /// <summary>Whether an error ended it after which this activation cannot go on.</summary>
    public bool IsFatal { get; private set; }

    /// <summary>The next piece; null when the turn is made.</summary>
    /// <exception cref="SessionException">The device could not do it.</exception>
    public async ValueTask<TurnPiece?> NextAsync()
    {
        try
        {
            while (await _events.MoveNextAsync())
            {
                switch (_events.Current)
                {
                    case TurnPiece piece:
                        if (_handsOver && _leaving.IsCancellationRequested)
                        {
                            // The device may not have known of the turn when it was told to end it.
                            await _halt();
                        }

                        return piece;
                    case TurnEnd end:
                        End = end;
                        break;
                    default:
                        throw new NotSupportedException($"an event of type {_events.Current.GetType().Name}");
                }
            }
        }
        catch (OperationCanceledException) when (_isAborted || _leaving.IsCancellationRequested)
        {
            throw new SessionUnavailableException($"session {_session} is leaving this node; the turn does not count");
        }
        catch (Exception error)
        {
            (Exception translated, IsFatal) = WorkerErrors.Translate(error, _session);
            if (ReferenceEquals(translated, error))
            {
                throw;
            }

            throw translated;
        }

        return End is not null
            ? null
            : throw new SessionUnavailableException($"session {_session}: the device left the turn without an end");
    }

    /// <summary>The activation goes: the turn never was.</summary>
    public Task AbortAsync()
    {
        _isAborted = true;
        return _stop.CancelAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _leave.DisposeAsync();
        await _events.DisposeAsync();
        _stop.Dispose();
    }

    private async Task HaltAsync(IDeviceWorker worker, TurnRequest turn)
    {
        try
        {
            await worker.StopAsync(turn.Session, turn.Epoch, CancellationToken.None);
        }
        catch (Exception)
        {
            // The turn has the device's error itself.
        }
    }
}
