using System.Globalization;
using KVCluster.Silo.Rendering;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace KVCluster.Silo.Demo;

/// <summary>The live view and the tables of a demo.</summary>
internal static class DemoPicture
{
    private const int BarCells = 40;

    /// <summary>Where one way stands.</summary>
    public static IRenderable Live(DemoBoard board, DemoLook look)
    {
        Table table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape($"{board.Way.Name}: {board.Phase}"));
        foreach (string column in new[] { "node", "KV arena: held, low and high watermark", "bytes", "caches", "turns", "cuts", "left" })
        {
            table.AddColumn(column);
        }

        foreach (DemoNodeLook node in look.Nodes)
        {
            table.AddRow(
                new Text(node.Name),
                Bar(node),
                new Text($"{Amount.Bytes(node.UsedBytes)} of {Amount.Bytes(node.TotalBytes)}"),
                new Text(Number(node.Resident)),
                new Text(node.Waiting == 0 ? Number(node.Running) : $"{node.Running} + {node.Waiting} waiting"),
                new Text(node.Compressions == 0 ? "0" : $"{node.Compressions}: {Amount.Bytes(node.FreedBytes)}"),
                new Text(Number(node.Left)));
        }

        string answers = board.Asked == 0 ? "no question yet" : $"{board.Right} of {board.Asked} answers right";
        string turns = $"{board.Hits} hits, {board.Rebuilt} rebuilt, {board.Refused} refused, {look.Moves} moves";
        table.Caption(Markup.Escape($"{board.Read} of {board.Conversations} documents read; {answers}; {turns}"));
        return table;
    }

    /// <summary>The ways side by side.</summary>
    public static Table Comparison(IReadOnlyList<DemoOutcome> ways)
    {
        Table table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("").NoWrap());
        foreach (string column in new[] { "right", "alive", "hits", "rebuilt", "refused", "first token", "tokens/s", "held", "of whole" })
        {
            table.AddColumn(new TableColumn(column).RightAligned().NoWrap());
        }

        foreach (DemoOutcome way in ways)
        {
            table.AddRow(Cells(way).Select(c => new Text(c)));
        }

        return table;
    }

    public static IReadOnlyList<string> Cells(DemoOutcome way) =>
    [
        way.Way,
        $"{way.Right}/{way.Questions}",
        Number(way.Alive),
        Number(way.Hits),
        Number(way.Rebuilt),
        Number(way.Refused),
        string.Create(CultureInfo.InvariantCulture, $"{1000 * way.FirstTokenSeconds:0} ms"),
        way.TokensPerSecond.ToString("0", CultureInfo.InvariantCulture),
        Amount.Bytes(way.PeakBytes),
        string.Create(CultureInfo.InvariantCulture, $"{(double)way.PeakBytes / way.WholeBytes:0 %}"),
    ];

    /// <summary>Held bytes as filled cells, the watermarks as strokes.</summary>
    public static string Cells(DemoNodeLook node)
    {
        int held = Cell(node, node.UsedBytes);
        int low = Cell(node, node.LowBytes);
        int high = Cell(node, node.HighBytes);
        return string.Concat(Enumerable.Range(0, BarCells).Select(i => i == low || i == high ? '|' : i < held ? '#' : '.'));
    }

    private static Text Bar(DemoNodeLook node) => new(
        Cells(node), node.UsedBytes > node.HighBytes ? Color.Red : node.UsedBytes > node.LowBytes ? Color.Yellow : Color.Green);

    private static int Cell(DemoNodeLook node, long bytes) => (int)(BarCells * bytes / Math.Max(1, node.TotalBytes));

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
