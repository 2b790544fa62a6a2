namespace KVCluster.Silo.Tests.Gateway;

/// <summary>
/// How two things that were timed in turns differ: by the lower quartiles of their times, as what the machine does besides only adds to
/// times and leaves the quicker ones alone; with the difference's standard error, from how close times lie about the quartile.
/// </summary>
/// <param name="Difference">Of first less second, seconds.</param>
/// <param name="Error">The difference's standard error, seconds.</param>
/// <param name="Usual">The second's lower quartile, seconds.</param>
internal sealed record InterleavedTimes(double Difference, double Error, double Usual)
{
    /// <summary>Differences below so many standard errors are chance.</summary>
    private const double Errors = 3;

    /// <summary>Differences below this part of the time are not looked at: equal work in other places of memory differs so much.</summary>
    private const double LeastPart = 0.05;

    private const double Quartile = 0.25;

    /// <summary>Half of the part of the times that tells how close they lie.</summary>
    private const double About = 0.1;

    public bool IsEqual => Math.Abs(Difference) <= Math.Max(Errors * Error, LeastPart * Usual);

    public static InterleavedTimes Of(double[] first, double[] second)
    {
        double usual = At(second, Quartile);
        double error = Math.Sqrt(Math.Pow(ErrorOf(first), 2) + Math.Pow(ErrorOf(second), 2));
        return new InterleavedTimes(At(first, Quartile) - usual, error, usual);
    }

    public override string ToString() => FormattableString.Invariant($"{1e6 * Difference:+0;-0} ± {1e6 * Error:0} µs of {1e6 * Usual:0}");

    /// <summary>The standard error of a sample's quantile: by the part of the sample that lies within a time about it.</summary>
    private static double ErrorOf(double[] times) =>
        Math.Sqrt(Quartile * (1 - Quartile) / times.Length) * (At(times, Quartile + About) - At(times, Quartile - About)) / (2 * About);

    private static double At(double[] times, double quantile) => times.Order().ElementAt((int)(times.Length * quantile));
}
