using Orleans.Runtime;

namespace KVCluster.Client;

/// <summary>Which errors pass with time, and when to try again. Without clock or calls.</summary>
internal static class RetryDecision
{
    /// <summary>The wait before the next attempt; null: the error is the caller's.</summary>
    /// <param name="error">What the attempt failed with.</param>
    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="mayRepeat">Whether the call may run twice. If not, only what certainly did not run is sent again.</param>
    /// <param name="options">Limits.</param>
    /// <param name="chance">From [0, 1).</param>
    public static TimeSpan? Delay(Exception error, int attempt, bool mayRepeat, RetryOptions options, double chance)
    {
        if (attempt >= options.Attempts || !Passes(error, attempt, mayRepeat))
        {
            return null;
        }

        double grown = options.FirstDelay.TotalSeconds * Math.Pow(2, attempt - 1) * (1 - (chance / 2));
        TimeSpan own = TimeSpan.FromSeconds(Math.Min(grown, options.LongestDelay.TotalSeconds));
        return error is DeviceOverloadedException { RetryAfter: var asked } && asked > own
            ? asked <= options.LongestDelay ? asked : null
            : own;
    }

    private static bool Passes(Exception error, int attempt, bool mayRepeat) => error switch
    {
        DeviceOverloadedException => true,

        // An earlier attempt's turn may still be ending.
        SessionBusyException => attempt > 1 && mayRepeat,
        SessionUnavailableException or TimeoutException or OrleansException or EnumerationAbortedException => mayRepeat,
        _ => false,
    };
}
