using Microsoft.Extensions.Logging;

namespace KVCluster.Grains;

/// <content>Pinning the cache to its device.</content>
internal sealed partial class SessionGrain
{
    private static readonly TimeSpan LongestPin = TimeSpan.FromDays(1);

    /// <summary>The pin that this activation's device was told of, taken or not; a pin from before the activation is told again.</summary>
    private DateTimeOffset? _toldPin;
    private bool _isPinRefused;

    /// <summary>Until when the cache is really pinned.</summary>
    private DateTimeOffset? PinnedUntil => State.PinnedUntil > Now && !_isPinRefused ? State.PinnedUntil : null;

    /// <inheritdoc/>
    public async Task<SessionInfo> Pin(PinRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequireSound();
        _turns.RequireOpen();
        await DeviceAsync(cancellationToken);
        await OnDevice(() => _device.PinAsync(State.Epoch, request.Duration, cancellationToken));
        _toldPin = request.Duration > TimeSpan.Zero ? Now + request.Duration : null;
        _isPinRefused = false;
        DateTimeOffset? until = _toldPin;
        await WriteAsync(() =>
        {
            // It may have been closed by the write before.
            _turns.RequireOpen();
            return State with { PinnedUntil = until };
        });
        return await Describe(cancellationToken);
    }

    /// <summary>
    /// After a move, a failover or a restart the session is pinned for the time that is left, if there is room for one more pin. If not, it
    /// is not pinned there; the next activation tries again.
    /// </summary>
    private async Task PinAgain(CancellationToken cancellationToken)
    {
        if (State.PinnedUntil is not { } until || until == _toldPin || until <= Now)
        {
            return;
        }

        _toldPin = until;
        try
        {
            // A clock that lags behind the one that set the pin must not make it longer than pins may be.
            TimeSpan left = until - Now;
            await _device.PinAsync(State.Epoch, left < LongestPin ? left : LongestPin, cancellationToken);
            _isPinRefused = false;
        }
        catch (Exception error)
        {
            _isPinRefused = true;
            NotPinned(log, _id.Key, error);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Session {Session} is not pinned here: its device does not take the pin")]
    private static partial void NotPinned(ILogger log, string session, Exception error);
}
