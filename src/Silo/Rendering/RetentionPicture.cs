using System.Globalization;
using System.Text;

namespace KVCluster.Silo.Rendering;

/// <summary>
/// Tokens kept per layer as lines of text: a bar a layer, and the heads' own counts where they differ. Pure text, so it looks the same on
/// a terminal and in a file.
/// </summary>
internal static class RetentionPicture
{
    private const int BarWidth = 40;
    private const string Levels = "▏▎▍▌▋▊▉█";

    /// <param name="kept">Slots kept, [layers][kvHeads].</param>
    /// <param name="tokens">Tokens the cache stands for.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<int[]> kept, int tokens)
    {
        int layerWidth = Text(kept.Count - 1).Length;
        int countWidth = Text(tokens).Length;
        for (int layer = 0; layer < kept.Count; layer++)
        {
            int[] heads = kept[layer];
            double mean = heads.Average();
            double share = tokens > 0 ? mean / tokens : 0;
            string percent = (share * 100).ToString("0.0", CultureInfo.InvariantCulture).PadLeft(5);
            string count = Text((int)Math.Round(mean)).PadLeft(countWidth);
            string ragged = heads.Distinct().Count() > 1 ? $"   heads {string.Join(' ', heads)}" : "";
            yield return $"layer {Text(layer).PadLeft(layerWidth)} {Bar(share)} {count} of {tokens} {percent} %{ragged}";
        }
    }

    /// <summary>A bar of <see cref="BarWidth"/> characters, drawn in eighths of one; what is empty is dotted.</summary>
    public static string Bar(double share)
    {
        int eighths = (int)Math.Round(Math.Clamp(share, 0, 1) * BarWidth * Levels.Length);
        StringBuilder bar = new(BarWidth);
        bar.Append(Levels[^1], eighths / Levels.Length);
        if (eighths % Levels.Length > 0)
        {
            bar.Append(Levels[(eighths % Levels.Length) - 1]);
        }

        return bar.Append('·', BarWidth - bar.Length).ToString();
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
