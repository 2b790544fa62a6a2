using System.Globalization;
using System.Net;

namespace KVCluster.Evaluation.Reports;

/// <summary>Text and numbers inside HTML and SVG.</summary>
internal static class Markup
{
    /// <summary>Text that stays text, in elements and in attributes.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A coordinate: at most two decimals, a point in every culture.</summary>
    public static string Coordinate(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>A share as "12.3 %".</summary>
    public static string Percent(double share, int decimals = 1) =>
        (share * 100).ToString("F" + decimals, CultureInfo.InvariantCulture) + " %";

    /// <summary>An accuracy: three decimals.</summary>
    public static string Accuracy(double value) => value.ToString("F3", CultureInfo.InvariantCulture);

    /// <summary>A duration in the unit that suits it.</summary>
    public static string Seconds(double seconds) => seconds < 1
        ? (seconds * 1000).ToString(seconds < 0.01 ? "F2" : "F0", CultureInfo.InvariantCulture) + " ms"
        : seconds.ToString("F2", CultureInfo.InvariantCulture) + " s";

    /// <summary>Bytes in binary units.</summary>
    public static string Bytes(double bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        int unit = 0;
        while (bytes >= 1024 && unit < units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        return bytes.ToString(unit == 0 ? "F0" : "F1", CultureInfo.InvariantCulture) + " " + units[unit];
    }
}
