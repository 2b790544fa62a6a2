namespace KVCluster.Worker.Serving;

/// <summary>
/// Durations counted in buckets that are the same everywhere, so that counts of several devices add up and a window is the difference of two.
/// </summary>
/// <param name="Buckets">Cumulative since the device started: how many were at most <see cref="Bounds"/>[i] and above the bound before; the last counts the rest.</param>
/// <param name="Seconds">Sum of all, in seconds.</param>
public sealed record DurationCounts(IReadOnlyList<long> Buckets, double Seconds)
{
    private const double Least = 1e-4;
    private const int Count = 48;

    /// <summary>Upper bounds in seconds, ascending: 0.1 ms and then two to an octave, up to 20 minutes.</summary>
    public static IReadOnlyList<double> Bounds { get; } = [.. Enumerable.Range(0, Count).Select(i => Least * Math.Pow(2, i / 2.0))];

    /// <summary>The bucket of a duration.</summary>
    internal static int BucketOf(double seconds)
    {
        if (!(seconds > Least))
        {
            return 0;
        }

        int bucket = (int)Math.Ceiling((2 * Math.Log2(seconds / Least)) - 1e-9);
        return Math.Min(bucket, Count);
    }
}
