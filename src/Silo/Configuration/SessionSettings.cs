using System.ComponentModel;

namespace KVCluster.Silo.Configuration;

internal sealed class SessionSettings
{
    [Description("hours after which a session is closed that the server made for a client without one and nobody has used; 0: never"), Range(0, 24 * 3650)]
    public int UnnamedUnusedHours { get; init; } = 24 * 7;
}
