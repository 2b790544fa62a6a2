using System.Numerics.Tensors;

namespace KVCluster.Compression.Scores;

/// <summary>
/// Aggregates attention over queries as their rows come: the softmax is per row, so maximum and mean stream, and a replay never needs all
/// its rows at once. Rows are added in the order they come; how they were cut into chunks leaves no trace in the result.
/// Different heads may be accumulated at the same time, one head by one thread only.
/// </summary>
public sealed class AttentionAccumulator
{
    private readonly AttentionScores _totals;
    private readonly long[] _queries;

    /// <summary>
    /// An accumulator for a cache: a row for each of the <paramref name="queryHeads"/> of each layer, with a number for each slot of the KV
    /// head it reads. Throws ArgumentException where the KV heads are not shared evenly.
    /// </summary>
    public AttentionAccumulator(CacheShape shape, int queryHeads, QueryAggregation aggregation)
    {
        ArgumentNullException.ThrowIfNull(shape);
        if (queryHeads < shape.KvHeads || queryHeads % shape.KvHeads != 0)
        {
            throw new ArgumentException($"{queryHeads} query heads do not share {shape.KvHeads} KV heads evenly", nameof(queryHeads));
        }

        int group = queryHeads / shape.KvHeads;
        float[][] rows = new float[shape.Layers * queryHeads][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new float[shape.Slots(i / queryHeads, i % queryHeads / group)];
        }

        _totals = new AttentionScores(shape.Layers, queryHeads, rows);
        _queries = new long[rows.Length];
        Aggregation = aggregation;
    }

    /// <summary>Over the queries: maximum or mean.</summary>
    public QueryAggregation Aggregation { get; }

    /// <summary>Queries a head has seen.</summary>
    public long Queries(int layer, int head) => _queries[(layer * _totals.Heads) + head];

    /// <summary>
    /// Adds one query's attention probabilities over the head's first slots. A row may be shorter than the head (the rest was not visible
    /// to the query and counts as 0), never longer.
    /// </summary>
    public void Accumulate(int layer, int head, ReadOnlySpan<float> probabilities)
    {
        Span<float> total = _totals.Row(layer, head);
        if (probabilities.Length > total.Length)
        {
            throw new ArgumentException($"a row of {probabilities.Length} for a head of {total.Length} slots", nameof(probabilities));
        }

        total = total[..probabilities.Length];
        if (Aggregation == QueryAggregation.Max)
        {
            TensorPrimitives.Max(total, probabilities, total);
        }
        else
        {
            TensorPrimitives.Add(total, probabilities, total);
        }

        _queries[(layer * _totals.Heads) + head]++;
    }

    /// <summary>The aggregate so far, a copy: accumulation may go on. A head that saw no query has zeros.</summary>
    public AttentionScores ToScores()
    {
        float[][] rows = new float[_totals.Layers * _totals.Heads][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = _totals.Row(i / _totals.Heads, i % _totals.Heads).ToArray();
            if (Aggregation == QueryAggregation.Mean && _queries[i] > 1)
            {
                TensorPrimitives.Divide(rows[i], (float)_queries[i], rows[i]);
            }
        }

        return new AttentionScores(_totals.Layers, _totals.Heads, rows);
    }
}
