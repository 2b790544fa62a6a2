using System.Globalization;
using KVCluster.Inference;

namespace KVCluster.Silo.Options;

/// <summary>The fraction of a cache that stays: what people type; policies count with the fraction removed.</summary>
internal static class Retention
{
    /// <summary>The compression ratio, in [0, 1), of a fraction kept.</summary>
    /// <exception cref="InputException">The fraction does not lie in (0, 1].</exception>
    public static double ToRatio(double keep, string name = "--keep") =>
        keep is > 0 and <= 1
            ? 1 - keep
            : throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"{name} is {keep}: the fraction of the cache that stays lies above 0 and at most at 1 (ratio removed in [0, 1))"));

    /// <summary>A fraction as typed.</summary>
    public static double Parse(string text, string name)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double keep))
        {
            throw new InputException($"{name} is '{text}': it must be a number above 0 and at most 1");
        }

        _ = ToRatio(keep, name);
        return keep;
    }

    /// <summary>Fractions as typed, separated by commas.</summary>
    public static double[] ParseList(string text, string name) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => Parse(part, name))];

    /// <summary>A fraction for people: "25 %".</summary>
    public static string Percent(double keep) => string.Create(CultureInfo.InvariantCulture, $"{keep * 100:0.##} %");
}
