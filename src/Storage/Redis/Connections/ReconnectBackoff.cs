namespace KVCluster.Storage.Redis.Connections;

/// <summary>
/// How long to leave a server alone after failures in a row: doubling, bounded, and spread so that clients do not come back together.
/// </summary>
internal static class ReconnectBackoff
{
    /// <summary>The wait after that many failures.</summary>
    /// <param name="first">The wait after one, before the spread.</param>
    /// <param name="last">The longest.</param>
    /// <param name="failures">Failures in a row, 1 or more.</param>
    /// <param name="spread">0 to 1: half of the wait is shortened by it.</param>
    public static TimeSpan Delay(TimeSpan first, TimeSpan last, int failures, double spread)
    {
        double full = Math.Min(last.Ticks, first.Ticks * Math.Pow(2, Math.Min(failures, 40) - 1));
        return TimeSpan.FromTicks((long)(full * (1 - (0.5 * spread))));
    }
}
