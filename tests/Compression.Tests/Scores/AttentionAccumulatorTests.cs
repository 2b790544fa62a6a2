using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Scores;

public sealed class AttentionAccumulatorTests
{
    [Theory]
    [InlineData(QueryAggregation.Max)]
    [InlineData(QueryAggregation.Mean)]
    public void Chunks_leave_no_trace_and_the_result_is_the_definition(QueryAggregation aggregation)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            Random random = new(seed);
            int slots = random.Next(1, 70);
            float[][] rows = Enumerable.Range(0, random.Next(1, 40)).Select(_ => CausalRow(random, slots)).ToArray();
            float[] once = Accumulate(rows, slots, aggregation, rows.Length);
            Assert.Equal(once, Accumulate(rows, slots, aggregation, 1));
            Assert.Equal(once, Accumulate(rows, slots, aggregation, random.Next(1, rows.Length + 1)));
            for (int j = 0; j < slots; j++)
            {
                double[] column = rows.Select(r => j < r.Length ? (double)r[j] : 0).ToArray();
                Assert.Equal(aggregation == QueryAggregation.Max ? column.Max() : column.Average(), once[j], 1e-6);
            }
        }
    }

    [Fact]
    public void Query_heads_are_as_long_as_the_KV_head_they_read()
    {
        CacheShape shape = new(1, 2, 9, [[1, 2, 3], [8]]);
        AttentionAccumulator accumulator = new(shape, 4, QueryAggregation.Mean);
        accumulator.Accumulate(0, 1, [0.5f, 0.25f, 0.25f]);
        accumulator.Accumulate(0, 1, [1f]);
        AttentionScores scores = accumulator.ToScores();
        Assert.Equal([0.75f, 0.125f, 0.125f], scores.Row(0, 1).ToArray());
        Assert.Equal([0f], scores.Row(0, 3).ToArray());
        Assert.Equal((2, 0), (accumulator.Queries(0, 1), accumulator.Queries(0, 3)));
        Assert.Throws<ArgumentException>(() => accumulator.Accumulate(0, 2, [0.5f, 0.5f]));
        Assert.Throws<ArgumentException>(() => new AttentionAccumulator(shape, 3, QueryAggregation.Max));
    }

    [Fact]
    public void Reading_does_not_end_accumulation()
    {
        AttentionAccumulator accumulator = new(CacheShape.Whole(1, 1, 2), 1, QueryAggregation.Mean);
        accumulator.Accumulate(0, 0, [1f, 0f]);
        Assert.Equal([1f, 0f], accumulator.ToScores().Row(0, 0).ToArray());
        accumulator.Accumulate(0, 0, [0f, 1f]);
        Assert.Equal([0.5f, 0.5f], accumulator.ToScores().Row(0, 0).ToArray());
    }

    [Fact]
    public void A_row_that_is_no_number_is_not_swallowed()
    {
        foreach (QueryAggregation aggregation in Enum.GetValues<QueryAggregation>())
        {
            AttentionAccumulator accumulator = new(CacheShape.Whole(1, 1, 3), 1, aggregation);
            accumulator.Accumulate(0, 0, [0.5f, float.NaN, 0.5f]);
            accumulator.Accumulate(0, 0, [0.5f, 0.1f, 0.4f]);
            Assert.Throws<PolicyException>(() => ScoreOperations.CheckFinite(accumulator.ToScores()));
        }
    }

    private static float[] CausalRow(Random random, int slots)
    {
        float[] row = Enumerable.Range(0, random.Next(1, slots + 1)).Select(_ => random.NextSingle()).ToArray();
        float sum = row.Sum();
        return Array.ConvertAll(row, v => v / sum);
    }

    // A chunk is a block of rows over the heads: all its rows of head 0, then all of head 1.
    private static float[] Accumulate(float[][] rows, int slots, QueryAggregation aggregation, int chunk)
    {
        AttentionAccumulator accumulator = new(CacheShape.Whole(1, 2, slots), 2, aggregation);
        foreach (float[][] block in rows.Chunk(chunk))
        {
            for (int head = 0; head < 2; head++)
            {
                foreach (float[] row in block)
                {
                    accumulator.Accumulate(0, head, row);
                }
            }
        }

        AttentionScores scores = accumulator.ToScores();
        Assert.Equal(scores.Row(0, 0).ToArray(), scores.Row(0, 1).ToArray());
        return scores.Row(0, 0).ToArray();
    }
}
