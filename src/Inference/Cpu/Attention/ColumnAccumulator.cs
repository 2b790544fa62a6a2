using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using KVCluster.Compression;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>
/// Attention received by each slot, gathered from probability rows: rows = heads (query or KV), one set for each share of the
/// tiles so that they need no locks, merged at the end.
/// </summary>
internal sealed unsafe class ColumnAccumulator : IDisposable
{
    private readonly int _shares;
    private readonly int _heads;
    private readonly NativeBuffer _data = new();
    private long _stride;

    public ColumnAccumulator(int shares, int heads)
    {
        _shares = shares;
        _heads = heads;
    }

    public QueryAggregation Aggregation { get; private set; }

    public long Bytes => _data.Bytes;

    /// <summary>Slots gathered; columns from here on are ignored.</summary>
    public int Slots { get; private set; }

    public void Reset(int slots, QueryAggregation aggregation)
    {
        Aggregation = aggregation;
        Slots = slots;
        _stride = (slots + 31) / 16 * 16;
        _data.Ensure(_shares * _heads * _stride);
        _data.Clear();
    }

    /// <summary>
    /// Takes columns [first, end) of a row that begins at column <paramref name="origin"/>, times <paramref name="factor"/>.
    /// </summary>
    public void Add(int share, int head, float* row, int origin, int first, int end, float factor = 1)
    {
        end = Math.Min(end, Slots);
        float* sum = Row(share, head);
        int j = first;
        Vector512<float> f = Vector512.Create(factor);
        for (; j + 16 <= end; j += 16)
        {
            Combine(Vector512.Load(sum + j), Vector512.Load(row + (j - origin)) * f).Store(sum + j);
        }

        for (; j < end; j++)
        {
            float value = row[j - origin] * factor;
            sum[j] = Aggregation == QueryAggregation.Max ? MathF.Max(sum[j], value) : sum[j] + value;
        }
    }

    /// <summary>Merges the shares' rows of a head into <paramref name="destination"/>: largest or sum.</summary>
    public void Merge(int head, Span<float> destination)
    {
        destination.Clear();
        fixed (float* d = destination)
        {
            for (int t = 0; t < _shares; t++)
            {
                float* from = Row(t, head);
                for (int j = 0; j < destination.Length; j++)
                {
                    d[j] = Aggregation == QueryAggregation.Max ? MathF.Max(d[j], from[j]) : d[j] + from[j];
                }
            }
        }
    }

    public void Dispose() => _data.Dispose();

    private float* Row(int share, int head) => _data.Data + (((share * _heads) + head) * _stride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> Combine(Vector512<float> sum, Vector512<float> value) =>
        Aggregation == QueryAggregation.Max ? Vector512.Max(sum, value) : sum + value;
}
