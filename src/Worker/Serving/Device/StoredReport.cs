using KVCluster.Compression;

namespace KVCluster.Worker.Serving.Device;

/// <summary>A compression report in plain numbers.</summary>
internal sealed record StoredReport
{
    public DateTimeOffset? At { get; init; }

    public string? Cause { get; init; }

    public required string Policy { get; init; }

    public double? Ratio { get; init; }

    public required int Layers { get; init; }

    public required int[] Kept { get; init; }

    public required long Present { get; init; }

    public double? SummaryMass { get; init; }

    public double[]? LayerMass { get; init; }

    public double? DroppedMass { get; init; }

    public long BytesBefore { get; init; }

    public long BytesAfter { get; init; }

    public long FreedBytes { get; init; }

    public int LogicalLength { get; init; }

    public long ScoringBytes { get; init; }

    public double ScoringSeconds { get; init; }

    public double PlanSeconds { get; init; }

    public double ApplySeconds { get; init; }

    public static StoredReport Of(CompressionReport report)
    {
        RetentionSummary summary = report.Summary;
        var kept = new int[summary.Layers * summary.KvHeads];
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = summary.Kept(i / summary.KvHeads, i % summary.KvHeads);
        }

        return new StoredReport
        {
            At = report.At,
            Cause = report.Cause,
            Policy = report.Policy,
            Ratio = report.Ratio,
            Layers = summary.Layers,
            Kept = kept,
            Present = summary.TotalPresent,
            SummaryMass = summary.DroppedMass,
            LayerMass = summary.DroppedMass is null ? null : summary.DroppedMassPerLayer.ToArray(),
            DroppedMass = report.DroppedMass,
            BytesBefore = report.BytesBefore,
            BytesAfter = report.BytesAfter,
            FreedBytes = report.FreedBytes,
            LogicalLength = report.LogicalLength,
            ScoringBytes = report.ScoringBytes,
            ScoringSeconds = report.ScoringSeconds,
            PlanSeconds = report.PlanSeconds,
            ApplySeconds = report.ApplySeconds,
        };
    }

    public CompressionReport ToReport() => new()
    {
        At = At,
        Cause = Cause,
        Policy = Policy,
        Ratio = Ratio,
        Summary = RetentionSummary.FromCounts(Layers, Kept, Present, SummaryMass, LayerMass),
        DroppedMass = DroppedMass,
        BytesBefore = BytesBefore,
        BytesAfter = BytesAfter,
        FreedBytes = FreedBytes,
        LogicalLength = LogicalLength,
        ScoringBytes = ScoringBytes,
        ScoringSeconds = ScoringSeconds,
        PlanSeconds = PlanSeconds,
        ApplySeconds = ApplySeconds,
    };
}
