using System.Globalization;

namespace KVCluster.Silo.Rendering;

/// <summary>Numbers for people: four digits or fewer, and a unit.</summary>
internal static class Amount
{
    private static readonly string[] s_units = ["bytes", "KiB", "MiB", "GiB", "TiB"];

    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (Math.Abs(value) >= 1024 && unit < s_units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return unit == 0 ? $"{bytes} bytes" : $"{Short(value)} {s_units[unit]}";
    }

    public static string Count(long count) => count switch
    {
        >= 1_000_000_000 => $"{Short(count / 1e9)} B",
        >= 1_000_000 => $"{Short(count / 1e6)} M",
        _ => count.ToString("N0", CultureInfo.InvariantCulture),
    };

    public static string Seconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s");

    /// <summary>Tokens per second.</summary>
    public static string Rate(double perSecond) => string.Create(CultureInfo.InvariantCulture, $"{perSecond:#,0.#} tokens/s");

    private static string Short(double value) =>
        value.ToString(value < 10 ? "0.00" : value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);
}
