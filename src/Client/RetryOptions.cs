namespace KVCluster.Client;

/// <summary>How often a call that failed for the moment is sent again, and how long it waits.</summary>
public sealed record RetryOptions
{
    /// <summary>Attempts in all; 1: nothing is sent again.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The wait before the second attempt; it doubles from then on, less up to a half of it by chance.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait, also where the server asks for a longer one: then the error is the caller's.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(10);
}
