using KVCluster.Compression;
using KVCluster.Worker;

namespace KVCluster.Silo.Sessions;

/// <summary>What a compression did, for reports.</summary>
internal sealed record CompressionRecord
{
    public required string Policy { get; init; }

    /// <summary>The fraction that was to stay.</summary>
    public required double Keep { get; init; }

    /// <summary>Tokens the cache stands for.</summary>
    public required int Tokens { get; init; }

    /// <summary>Slots kept, [layers][kvHeads].</summary>
    public required int[][] Kept { get; init; }

    /// <summary>Bytes of the pages the conversation held before.</summary>
    public required long BytesBefore { get; init; }

    /// <summary>Bytes of the pages it holds now.</summary>
    public required long BytesAfter { get; init; }

    /// <summary>The share of all attention that fell on what was dropped, in [0, 1]; null where none was scored.</summary>
    public double? DroppedMass { get; init; }

    public required double ScoringSeconds { get; init; }

    public required double PlanSeconds { get; init; }

    public required double ApplySeconds { get; init; }

    public static CompressionRecord Of(CompressionReport report, double keep) => new()
    {
        Policy = report.Policy,
        Keep = keep,
        Tokens = report.LogicalLength,
        Kept = KeptOf(report.Summary),
        BytesBefore = report.BytesBefore,
        BytesAfter = report.BytesAfter,
        DroppedMass = report.DroppedMass,
        ScoringSeconds = report.ScoringSeconds,
        PlanSeconds = report.PlanSeconds,
        ApplySeconds = report.ApplySeconds,
    };

    private static int[][] KeptOf(RetentionSummary summary)
    {
        int[][] kept = new int[summary.Layers][];
        for (int layer = 0; layer < kept.Length; layer++)
        {
            kept[layer] = new int[summary.KvHeads];
            for (int head = 0; head < summary.KvHeads; head++)
            {
                kept[layer][head] = summary.Kept(layer, head);
            }
        }

        return kept;
    }
}
