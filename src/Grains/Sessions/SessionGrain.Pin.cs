using Microsoft.Extensions.Logging;

namespace KVCluster.Grains;

/// <content>Pinning the cache to its device.</content>
internal sealed partial class SessionGrain
{
    private const string PinnedKey = "kvcluster.pinned";
    private DateTimeOffset? _pinnedUntil;

    /// <inheritdoc/>
    public async Task<SessionInfo> Pin(PinRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequireSound();
        _turns.RequireOpen();
        await DeviceAsync(cancellationToken);
        await OnDevice(() => _device.PinAsync(State.Epoch, request.Duration, cancellationToken));
        _pinnedUntil = request.Duration > TimeSpan.Zero ? Now + request.Duration : null;
        return await Describe(cancellationToken);
    }

    /// <summary>On its new node a session that moved is pinned for the time that is left, if there is room for one more pin.</summary>
    private async Task PinAgain(CancellationToken cancellationToken)
    {
        if (_pinnedUntil is { } until && until > Now)
        {
            try
            {
                await _device.PinAsync(State.Epoch, until - Now, cancellationToken);
            }
            catch (Exception error)
            {
                _pinnedUntil = null;
                NotPinned(log, _id.Key, error);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Session {Session} is pinned no more: its new device does not take the pin")]
    private static partial void NotPinned(ILogger log, string session, Exception error);
}
