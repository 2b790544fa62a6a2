using Microsoft.Extensions.Logging;

namespace KVCluster.Silo.Serving;

/// <summary>What the server itself logs.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(EventId = 1001, Level = LogLevel.Error, Message = "the changed tenants file is not taken over, the last good one stays in force: {Fault}")]
    public static partial void TenantsKept(ILogger logger, string fault);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Error, Message = "the changed file of cold copies' keys is not taken over, the last good keys stay in force: {Fault}")]
    public static partial void ColdKeysKept(ILogger logger, string fault);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Error, Message = "the changed certificate is not taken over, the last good one stays in force: {Fault}")]
    public static partial void CertificateKept(ILogger logger, string fault);
}
