using KVCluster.Inference;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>What a device's error means to a session's caller.</summary>
internal static class WorkerErrors
{
    /// <summary>The caller's error, and whether this activation cannot go on after it. Cancellations are no errors of the device.</summary>
    public static (Exception Error, bool IsFatal) Translate(Exception error, SessionId session) => error switch
    {
        SessionUnavailableException => (error, true),
        OperationCanceledException or SessionException => (error, false),
        InputException => (new InvalidRequestException(error.Message), false),
        TurnInProgressException => (new SessionBusyException($"session {session}: a turn is still ending on its device"), false),
        DeviceBusyException busy => (new DeviceOverloadedException($"session {session}: {busy.Message}", busy.RetryAfter), false),
        StaleEpochException => (new SessionUnavailableException($"session {session} has moved: another activation has taken over"), true),
        DeviceFailedException => (new SessionUnavailableException($"session {session}: {error.Message}"), true),
        _ => (new SessionUnavailableException($"session {session}: the device failed: {error.Message}"), true),
    };
}
