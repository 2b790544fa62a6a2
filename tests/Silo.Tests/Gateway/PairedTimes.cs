namespace KVCluster.Silo.Tests.Gateway;

/// <summary>
/// How two things that were timed in turns differ: the median of the pairs' differences, which what the machine does besides moves little, and
/// its standard error from the spread of the differences about it (the median absolute deviation, scaled to a normal distribution's).
/// </summary>
/// <param name="Median">Of first less second, seconds.</param>
/// <param name="Error">The median's standard error, seconds.</param>
/// <param name="Usual">The second's median time, seconds.</param>
internal sealed record PairedTimes(double Median, double Error, double Usual)
{
    /// <summary>Differences below so many standard errors are chance.</summary>
    private const double Errors = 3;

    /// <summary>Differences below this part of the time are not looked at: equal work in other places of memory differs so much.</summary>
    private const double LeastPart = 0.05;

    public bool IsEqual => Math.Abs(Median) <= Math.Max(Errors * Error, LeastPart * Usual);

    public static PairedTimes Of(double[] first, double[] second)
    {
        double[] differences = [.. first.Zip(second, (a, b) => a - b)];
        double median = MedianOf(differences);
        double deviation = 1.4826 * MedianOf([.. differences.Select(d => Math.Abs(d - median))]);
        return new PairedTimes(median, 1.2533 * deviation / Math.Sqrt(differences.Length), MedianOf(second));
    }

    public override string ToString() => FormattableString.Invariant($"{1e6 * Median:+0;-0} ± {1e6 * Error:0} µs of {1e6 * Usual:0}");

    private static double MedianOf(double[] values) => values.Order().ElementAt(values.Length / 2);
}
