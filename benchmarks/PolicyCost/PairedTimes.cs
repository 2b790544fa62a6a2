namespace KVCluster.Benchmarks.PolicyCost;

/// <summary>Seconds of the same pieces of work done in two ways, in pairs close together in time: [rounds][pieces] of each.</summary>
internal sealed class PairedTimes(double[][] plain, double[][] other)
{
    /// <summary>Median seconds of all pieces the plain way.</summary>
    public double Seconds => Pieces().Sum(p => Median(plain.Select(r => r[p])));

    /// <summary>Time of the other way for one of the plain way: of each piece the median ratio of its pairs, weighted by the piece's time.</summary>
    public double Ratio() => Pieces().Sum(p => Median(plain.Select(r => r[p])) * Median(plain.Zip(other, (a, b) => b[p] / a[p]))) / Seconds;

    /// <summary>The middle half of the ratios of whole rounds.</summary>
    public (double Low, double High) Quartiles()
    {
        double[] ratios = [.. plain.Zip(other, (a, b) => b.Sum() / a.Sum()).Order()];
        return (At(ratios, 0.25), At(ratios, 0.75));
    }

    private static double Median(IEnumerable<double> values) => At([.. values.Order()], 0.5);

    private static double At(double[] ordered, double share)
    {
        double place = share * (ordered.Length - 1);
        int below = (int)place;
        int above = Math.Min(below + 1, ordered.Length - 1);
        return ordered[below] + ((place - below) * (ordered[above] - ordered[below]));
    }

    private IEnumerable<int> Pieces() => Enumerable.Range(0, plain[0].Length);
}
