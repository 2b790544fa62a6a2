using Microsoft.Extensions.Logging;

namespace KVCluster.Engine.Embedded;

/// <summary>What the engine reports, beside the answers of calls.</summary>
internal sealed partial class EngineLog(ILogger logger)
{
    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning, Message = "Nobody waits for {Call}, and it failed")]
    public partial void CallFailed(Exception exception, GrainCall call);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Warning, Message = "{Activation} failed to begin")]
    public partial void ActivationFailed(Exception exception, Activation activation);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Error, Message = "{Activation} failed while it ended; it ends all the same")]
    public partial void LifecycleFailed(Exception exception, Activation activation);

    [LoggerMessage(EventId = 3004, Level = LogLevel.Warning, Message = "A stream of {Activation} failed while it was closed")]
    public partial void StreamFailed(Exception exception, Activation activation);

    [LoggerMessage(EventId = 3005, Level = LogLevel.Warning, Message = "Code of {Activation} failed when it was told of a cancellation")]
    public partial void CancellationFailed(Exception exception, Activation activation);
}
