using KVCluster.Compression.Policies;
using KVCluster.Silo.Options;
using KVCluster.Silo.Rendering;
using KVCluster.Silo.Sessions;
using Spectre.Console;

namespace KVCluster.Silo.Comparing;

/// <summary>What the comparison measured, a row for each cache.</summary>
internal static class CompareTable
{
    private const int MaxAnswerLength = 110;

    public static Table Create(IReadOnlyList<CompareRow> rows)
    {
        Table table = new Table().Border(TableBorder.Simple);
        table.AddColumn("kept");
        table.AddColumn("policy");
        foreach (string right in new[] { "right", "KV before", "KV after", "attention dropped", "to compress", "to answer" })
        {
            table.AddColumn(new TableColumn(right).RightAligned());
        }

        foreach (CompareRow row in rows)
        {
            table.AddRow(Cells(row).Select(c => new Text(c)));
        }

        return table;
    }

    public static IReadOnlyList<string> Cells(CompareRow row) =>
    [
        Retention.Percent(row.Keep),
        row.Compression?.Policy ?? "whole cache",
        $"{row.Right}/{row.Questions}",
        Amount.Bytes(row.BytesBefore),
        Amount.Bytes(row.BytesAfter),
        row.Compression?.DroppedMass is { } mass ? Retention.Percent(Math.Round(mass, 4)) : "",
        row.Compression is null ? "" : Amount.Seconds(row.CompressSeconds),
        Amount.Seconds(row.AnswerSeconds),
    ];

    /// <summary>The row worth a picture: the smallest cut with as many right answers as the whole cache, else the gentlest.</summary>
    public static CompareRow? Showcase(IReadOnlyList<CompareRow> rows)
    {
        IEnumerable<CompareRow> cuts = rows.Where(r => r.Compression is not null);
        int whole = rows.Where(r => r.Compression is null).Select(r => r.Right).FirstOrDefault();
        return cuts.Where(r => r.Right >= whole).MinBy(r => r.BytesAfter) ?? cuts.MaxBy(r => r.BytesAfter);
    }

    /// <summary>A policy's name and what it keeps.</summary>
    public static string Describe(string policy) =>
        CompressionPolicies.All.FirstOrDefault(d => d.Name == policy) is { } known ? $"{policy}: {known.Summary}" : policy;

    /// <summary>An answer on one line, shortened where it is long.</summary>
    public static string OneLine(string text)
    {
        string line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= MaxAnswerLength ? line : $"{line[..(MaxAnswerLength - 1)]}…";
    }
}
