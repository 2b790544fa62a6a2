using KVCluster.Compression;
using KVCluster.Worker.Serving.Device;

namespace KVCluster.Worker.Tests.Serving;

public sealed class CompressionRecordsTests
{
    [Fact]
    public void What_was_written_is_read()
    {
        CompressionReport report = new()
        {
            At = new DateTimeOffset(2026, 2, 3, 4, 5, 6, 7, TimeSpan.Zero),
            Cause = "high-watermark",
            Policy = "kvcompose",
            Ratio = 0.5,
            Summary = RetentionSummary.FromCounts(2, [3, 4, 5, 6], 40, 0.25, [0.2, 0.3]),
            DroppedMass = 0.25,
            BytesBefore = 100,
            BytesAfter = 50,
            FreedBytes = 40,
            LogicalLength = 10,
            ScoringBytes = 7,
            ScoringSeconds = 1.5,
            PlanSeconds = 0.25,
            ApplySeconds = 0.125,
        };
        CompressionReport without = report with { At = null, Cause = null, Ratio = null, DroppedMass = null, Summary = RetentionSummary.FromCounts(1, [3, 4], 9, null, []) };
        IReadOnlyList<CompressionReport> read = CompressionRecords.Read(CompressionRecords.Write([report, without]));
        Assert.Equal(2, read.Count);
        Assert.Equal(report with { Summary = read[0].Summary }, read[0]);
        Assert.Equal(without with { Summary = read[1].Summary }, read[1]);
        RetentionSummary summary = read[0].Summary;
        Assert.Equal((2, 2, 18, 40), (summary.Layers, summary.KvHeads, summary.TotalKept, summary.TotalPresent));
        Assert.Equal((5, 0.25), (summary.Kept(1, 0), summary.DroppedMass));
        Assert.Equal([0.2, 0.3], summary.DroppedMassPerLayer.ToArray());
        Assert.Null(read[1].Summary.DroppedMass);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[null]")]
    [InlineData("[{}]")]
    [InlineData("""[{"Policy":"a","Layers":0,"Kept":[1],"Present":1}]""")]
    public void Bytes_that_make_no_sense_tell_of_nothing(string text)
    {
        Assert.Empty(CompressionRecords.Read(System.Text.Encoding.UTF8.GetBytes(text)));
    }
}
