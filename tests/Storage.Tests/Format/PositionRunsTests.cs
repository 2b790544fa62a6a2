using KVCluster.Storage.Format;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Tests.Format;

public sealed class PositionRunsTests
{
    [Theory]
    [InlineData(new int[0], "90")]
    [InlineData(new[] { 0, 1, 2 }, "920003")]
    [InlineData(new[] { 5 }, "920501")]
    [InlineData(new[] { 0, 1, 4, 5, 6, 9 }, "96000202030201")]
    public void Positions_are_runs(int[] positions, string hex)
    {
        var writer = new MessagePackWriter();
        PositionRuns.Write(writer, positions);
        Assert.Equal(hex, Convert.ToHexStringLower(writer.Written.Span));
        var reader = new MessagePackReader(writer.Written.Span);
        Assert.Equal(positions, PositionRuns.Read(ref reader, positions.Length, 10));
    }

    [Fact]
    public void Any_positions_come_back()
    {
        var random = new Random(2);
        for (int i = 0; i < 200; i++)
        {
            int end = random.Next(1, 500);
            double density = random.NextDouble();
            int[] positions = [.. Enumerable.Range(0, end).Where(_ => random.NextDouble() < density)];
            var writer = new MessagePackWriter();
            PositionRuns.Write(writer, positions);
            var reader = new MessagePackReader(writer.Written.Span);
            Assert.Equal(positions, PositionRuns.Read(ref reader, positions.Length, end));
            Assert.True(reader.AtEnd);
        }
    }

    [Theory]
    [InlineData("920003", 2)]
    [InlineData("920003", 4)]
    [InlineData("9200", 1)]
    [InlineData("920801", 1)]
    [InlineData("92ff01", 1)]
    [InlineData("920000", 0)]
    [InlineData("92ce7fffffff01", 1)]
    [InlineData("920500", 1)]
    public void Other_runs_are_refused(string hex, int length)
    {
        Assert.Throws<MessagePackException>(() =>
        {
            var reader = new MessagePackReader(Convert.FromHexString(hex));
            PositionRuns.Read(ref reader, length, 8);
        });
    }
}
