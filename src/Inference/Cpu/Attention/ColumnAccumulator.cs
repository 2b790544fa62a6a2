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
    /// Takes columns [origin, end) of a tile of rows that begin at column <paramref name="origin"/>, a multiple of 16: of each token the sum
    /// of its heads' rows, each times its factor.
    /// </summary>
    public void Add(int share, int head, in ObservedRows rows, int origin, int end)
    {
        end = Math.Min(end, Slots);
        bool largest = Aggregation == QueryAggregation.Max;
        float* sum = Row(share, head);
        ObservedRows r = rows;
        for (int j = origin; j < end; j += 16)
        {
            Vector512<float> gathered = Vector512.Load(sum + j);
            float* column = r.First + (j - origin);
            for (int token = 0; token < r.Tokens; token++, column += r.TokenStride)
            {
                float* factor = r.Factors + token;
                Vector512<float> value = Vector512.Load(column) * Vector512.Create(*factor);
                for (int g = 1; g < r.Heads; g++)
                {
                    factor += r.FactorStride;
                    value = Vector512.FusedMultiplyAdd(Vector512.Load(column + (g * r.HeadStride)), Vector512.Create(*factor), value);
                }

                gathered = largest ? Vector512.Max(gathered, value) : gathered + value;
            }

            gathered.Store(sum + j);
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
}
