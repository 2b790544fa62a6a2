using Microsoft.Extensions.Logging;

namespace KVCluster.Silo.Serving;

/// <summary>What the server itself logs.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(EventId = 1001, Level = LogLevel.Error, Message = "the changed tenants file is not taken over, the last good one stays in force: {Fault}")]
    public static partial void TenantsKept(ILogger logger, string fault);
}
