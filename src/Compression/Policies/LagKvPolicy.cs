using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Compression.Policies;

/// <summary>
/// LagKV (arXiv 2504.04704): tokens are compared with those that follow. Partition by partition after the sinks, keys and values are
/// scaled per channel by the range of the NEXT partition; where their channels spread widely (standard deviation), the token is unlike
/// its future and stays. Sinks, the last whole partition and the remainder always stay first.
/// </summary>
public sealed class LagKvPolicy(LagKvParameters? parameters = null) : ScoredPolicy<LagKvParameters>(parameters)
{
    internal const string PolicyName = "lagkv";

    /// <summary>What slots that are not compared score: no softmax exceeds it.</summary>
    private const float Kept = 1;

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new() { Vectors = true };

    /// <inheritdoc/>
    protected override int Sinks => Settings.Sinks;

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input) =>
        VectorScores.Make(input, keys: true, values: true, (layer, head, keys, values, scores) =>
    {
        int size = input.RequireVectors().HeadSize;
        int sinks = input.Shape.SlotsBefore(layer, head, Settings.Sinks);
        int lag = Settings.Lag;
        int compared = Math.Max(0, ((scores.Length - sinks) / lag) - 1);
        Span<float> spread = new float[lag];
        for (int p = 0; p < compared; p++)
        {
            int first = sinks + (p * lag);
            Span<float> partition = scores.Slice(first, lag);
            Spread(keys.Slice(first * size, 2 * lag * size), size, partition);
            Spread(values.Slice(first * size, 2 * lag * size), size, spread);
            TensorPrimitives.Add(partition, spread, partition);
            TensorPrimitives.Divide(partition, 2f, partition);
            if (!Settings.Cross)
            {
                ReplaceByRank(partition);
            }
        }

        scores[..sinks].Fill(Kept);
        FillNewest(scores[(sinks + (compared * lag))..]);
    });

    /// <summary>Softmax over the partition of the channels' standard deviation, scaled by the range of the partition that follows.</summary>
    private static void Spread(ReadOnlySpan<float> rows, int size, Span<float> spread)
    {
        int lag = spread.Length;
        float[] low = rows.Slice(lag * size, size).ToArray();
        float[] range = rows.Slice(lag * size, size).ToArray();
        for (int r = lag + 1; r < 2 * lag; r++)
        {
            TensorPrimitives.Min(low, rows.Slice(r * size, size), low);
            TensorPrimitives.Max(range, rows.Slice(r * size, size), range);
        }

        TensorPrimitives.Subtract(range, low, range);

        // A channel that is constant in the next partition tells nothing: divided by infinity it is 0.
        range.AsSpan().Replace(0, float.PositiveInfinity);
        float[] scaled = new float[size];
        for (int r = 0; r < lag; r++)
        {
            spread[r] = Deviation(rows.Slice(r * size, size), low, range, scaled);
        }

        TensorPrimitives.SoftMax(spread, spread);
    }

    /// <summary>The standard deviation of (row - low) / range over channels; <paramref name="scaled"/> is room for those.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Deviation(ReadOnlySpan<float> row, ReadOnlySpan<float> low, ReadOnlySpan<float> range, Span<float> scaled)
    {
        Vector512<float> sums = Vector512<float>.Zero;
        float sum = 0;
        int i = 0;
        for (; i + Vector512<float>.Count <= row.Length; i += Vector512<float>.Count)
        {
            Vector512<float> part = (Vector512.Create(row[i..]) - Vector512.Create(low[i..])) / Vector512.Create(range[i..]);
            part.CopyTo(scaled[i..]);
            sums += part;
        }

        for (; i < row.Length; i++)
        {
            scaled[i] = (row[i] - low[i]) / range[i];
            sum += scaled[i];
        }

        float mean = (sum + Vector512.Sum(sums)) / row.Length;
        return MathF.Sqrt(SquaresAround(scaled, mean) / Math.Max(1, row.Length - 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SquaresAround(ReadOnlySpan<float> row, float mean)
    {
        Vector512<float> squares = Vector512<float>.Zero;
        float sum = 0;
        int i = 0;
        for (; i + Vector512<float>.Count <= row.Length; i += Vector512<float>.Count)
        {
            Vector512<float> part = Vector512.Create(row[i..]) - Vector512.Create(mean);
            squares += part * part;
        }

        for (; i < row.Length; i++)
        {
            sum += (row[i] - mean) * (row[i] - mean);
        }

        return sum + Vector512.Sum(squares);
    }

    private static void ReplaceByRank(Span<float> partition)
    {
        if (!float.IsFinite(TensorPrimitives.Sum<float>(partition)))
        {
            return;
        }

        int[] order = Enumerable.Range(0, partition.Length).ToArray();
        partition.ToArray().AsSpan().Sort(order.AsSpan());
        for (int rank = 0; rank < order.Length; rank++)
        {
            partition[order[rank]] = (float)rank / order.Length;
        }
    }

    // Equal among themselves in the paper; here the newest come first where a budget cannot hold them all.
    private static void FillNewest(Span<float> tail)
    {
        float value = Kept + 1;
        for (int slot = tail.Length - 1; slot >= 0; slot--)
        {
            tail[slot] = value;
            value = MathF.BitDecrement(value);
        }
    }
}
