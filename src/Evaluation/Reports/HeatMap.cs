using KVCluster.Evaluation.Summary;

namespace KVCluster.Evaluation.Reports;

/// <summary>Tokens kept per layer and KV head, one cell each.</summary>
internal static class HeatMap
{
    private const double Left = 46;
    private const double Top = 22;
    private const double MostWidth = 170;
    private const double MostCell = 22;

    /// <summary>Cells get the strength of the share of tokens kept: pale none, full all.</summary>
    public static string Draw(RetentionMap map)
    {
        double cellWidth = Math.Min(MostCell * 1.6, MostWidth / map.KvHeads);
        double cellHeight = Math.Min(MostCell, 320.0 / map.Layers);
        double width = cellWidth * map.KvHeads;
        double height = cellHeight * map.Layers;
        string name = $"{map.Policy}, ratio {Markup.Coordinate(map.Ratio)}";
        SvgCanvas svg = new(Left + Math.Max(width, 70) + 10, Top + height + 40, $"Tokens kept per layer and KV head: {name}");
        svg.Text(Left, 14, $"ratio {Markup.Coordinate(map.Ratio)}");
        for (int layer = 0; layer < map.Layers; layer++)
        {
            double y = Top + (layer * cellHeight);
            for (int head = 0; head < map.KvHeads; head++)
            {
                int i = (layer * map.KvHeads) + head;
                string kept = $"{Markup.Coordinate(map.KeptTokens[i])} tokens, {Markup.Percent(map.KeptShare[i])}";
                double x = Left + (head * cellWidth);
                svg.Box(x, y, cellWidth - 1, cellHeight - 1, "var(--empty)");
                svg.Box(x, y, cellWidth - 1, cellHeight - 1, "var(--heat)", $"layer {layer}, KV head {head}: {kept}", map.KeptShare[i]);
            }

            if (IsMarked(layer, map.Layers))
            {
                svg.Text(Left - 6, y + (cellHeight / 2) + 4, $"{layer}", "end");
            }
        }

        for (int head = 0; head < map.KvHeads; head++)
        {
            if (IsMarked(head, map.KvHeads))
            {
                svg.Text(Left + ((head + 0.5) * cellWidth), Top + height + 14, $"{head}", "middle");
            }
        }

        svg.Text(Left + (width / 2), Top + height + 32, "KV head", "middle");
        svg.UpwardText(14, Top + (height / 2), "layer");
        return svg.Close();
    }

    /// <summary>What the strengths mean.</summary>
    public static string Legend()
    {
        SvgCanvas svg = new(360, 44, "Colours of the heat maps: share of the context's tokens kept");
        for (int i = 0; i < 20; i++)
        {
            svg.Box(i * 16, 4, 16, 14, "var(--empty)");
            svg.Box(i * 16, 4, 16, 14, "var(--heat)", null, (i + 0.5) / 20);
        }

        svg.Text(0, 34, "0 %");
        svg.Text(160, 34, "tokens kept (share of the context)", "middle");
        svg.Text(320, 34, "100 %", "end");
        return svg.Close();
    }

    private static bool IsMarked(int number, int count) => count <= 12 || number % 5 == 0 || number == count - 1;
}
