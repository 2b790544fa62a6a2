using Xunit;

namespace KVCluster.TestSupport;

/// <summary>How far numbers are from what they should be.</summary>
public static class Compare
{
    /// <summary>Largest absolute difference; NaN anywhere counts as infinite.</summary>
    public static double Largest(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            double difference = Math.Abs((double)actual[i] - expected[i]);
            largest = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest, difference);
        }

        return largest;
    }

    public static double Largest(ReadOnlySpan<float> actual, double[][] expected) =>
        Largest(actual, expected.SelectMany(row => row.Select(v => (float)v)).ToArray());

    public static void Within(double tolerance, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, string what)
    {
        double largest = Largest(actual, expected);
        Assert.True(largest <= tolerance, $"{what}: off by {largest:g3}, allowed {tolerance:g3}");
    }

    public static float LargestMagnitude(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float v in values)
        {
            largest = Math.Max(largest, Math.Abs(v));
        }

        return largest;
    }
}
