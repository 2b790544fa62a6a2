using System.Globalization;
using KVCluster.Inference;

namespace KVCluster.Silo.Options;

/// <summary>Sizes as people write them: 80GiB, 512MB, 1.5T, 4096.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, double Bytes)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
        ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("B", 1),
    ];

    /// <exception cref="InputException">It is no size above 0.</exception>
    public static long Parse(string text, string option)
    {
        string number = text.Trim();
        double factor = 1;
        foreach ((string unit, double bytes) in s_units)
        {
            if (number.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
            {
                (number, factor) = (number[..^unit.Length].TrimEnd(), bytes);
                break;
            }
        }

        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value * factor is >= 1 and < 9e18
            ? (long)(value * factor)
            : throw new InputException($"{option} is '{text}': it must be a size such as 80GiB, 512MB or 4096");
    }
}
