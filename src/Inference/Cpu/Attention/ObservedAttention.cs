using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>
/// Attention observed so far by one cache, per layer, KV head and slot. The largest is kept as bfloat16 (two bytes a slot: rank is all
/// that matters); the mean needs a sum and the number of queries that came before the slot.
/// </summary>
internal sealed class ObservedAttention : ISlotCompanion
{
    private readonly int _kvHeads;
    private readonly Head[] _heads;

    public ObservedAttention(int layers, int kvHeads, ObservationOptions options)
        : this(kvHeads, options, new Head[layers * kvHeads])
    {
        for (int i = 0; i < _heads.Length; i++)
        {
            _heads[i] = new Head();
        }
    }

    private ObservedAttention(int kvHeads, ObservationOptions options, Head[] heads)
    {
        _kvHeads = kvHeads;
        Options = options;
        _heads = heads;
    }

    public ObservationOptions Options { get; }

    /// <summary>Bytes held for all slots.</summary>
    public long Bytes => _heads.Sum(h => (h.Largest.Length * 2L) + (h.Sums.Length * 4L) + (h.Births.Length * 4L));

    /// <summary>Joins attention received by slots [first, first + row.Length) from <paramref name="queries"/> queries.</summary>
    public void Add(int layer, int head, int first, ReadOnlySpan<float> row, int queries)
    {
        Head h = _heads[(layer * _kvHeads) + head];
        h.Grow(first + row.Length, Options.Aggregation);
        h.Queries += queries;
        if (Options.Aggregation == QueryAggregation.Max)
        {
            JoinLargest(row, h.Largest.AsSpan(first, row.Length));
        }
        else
        {
            Span<float> sums = h.Sums.AsSpan(first, row.Length);
            TensorPrimitives.Add(sums, row, sums);
        }
    }

    /// <summary>Score of each of <paramref name="destination"/>'s slots; slots nobody has looked at yet score 0.</summary>
    public void Read(int layer, int head, Span<float> destination)
    {
        Head h = _heads[(layer * _kvHeads) + head];
        destination.Clear();
        int known = Math.Min(destination.Length, h.Length);
        for (int i = 0; i < known; i++)
        {
            destination[i] = Options.Aggregation == QueryAggregation.Max
                ? BitConverter.UInt32BitsToSingle((uint)h.Largest[i] << 16)
                : h.Sums[i] / Math.Max(1, h.Queries - h.Births[i]);
        }
    }

    public ISlotCompanion Fork() => new ObservedAttention(_kvHeads, Options, Array.ConvertAll(_heads, h => h.Copy()));

    public void Keep(int layer, int head, ReadOnlySpan<int> kept) => _heads[(layer * _kvHeads) + head].Keep(kept);

    public void Truncate(int layer, int head, int length)
    {
        Head h = _heads[(layer * _kvHeads) + head];
        h.Clear(Math.Min(length, h.Length));
    }

    private static void JoinLargest(ReadOnlySpan<float> row, Span<ushort> largest)
    {
        int i = 0;
        for (; i + Vector256<ushort>.Count <= row.Length; i += Vector256<ushort>.Count)
        {
            Vector256<uint> half = Vector256.Create(0x8000u);
            Vector256<uint> low = (Vector256.Create(row[i..]).AsUInt32() + half) >>> 16;
            Vector256<uint> high = (Vector256.Create(row[(i + Vector256<uint>.Count)..]).AsUInt32() + half) >>> 16;
            Span<ushort> part = largest[i..];
            Vector256.Max(Vector256.Create<ushort>(part), Vector256.Narrow(low, high)).CopyTo(part);
        }

        for (; i < row.Length; i++)
        {
            largest[i] = Math.Max(largest[i], ToBf16(row[i]));
        }
    }

    /// <summary>Rounded to nearest; probabilities are never NaN or negative, so their bits order as they do.</summary>
    private static ushort ToBf16(float value) => (ushort)((BitConverter.SingleToUInt32Bits(value) + 0x8000u) >> 16);

    private sealed class Head
    {
        public ushort[] Largest { get; private set; } = [];

        public float[] Sums { get; private set; } = [];

        /// <summary>Queries observed before the slot was filled.</summary>
        public int[] Births { get; private set; } = [];

        public int Length { get; private set; }

        public int Queries { get; set; }

        public Head Copy() => new()
        {
            Largest = [.. Largest],
            Sums = [.. Sums],
            Births = [.. Births],
            Length = Length,
            Queries = Queries,
        };

        public void Grow(int length, QueryAggregation aggregation)
        {
            if (length <= Length)
            {
                return;
            }

            int capacity = Math.Max(length, Length + (Length / 8) + 64);
            if (aggregation == QueryAggregation.Max)
            {
                Largest = Resize(Largest, length, capacity);
            }
            else
            {
                Sums = Resize(Sums, length, capacity);
                Births = Resize(Births, length, capacity);
                Births.AsSpan(Length, length - Length).Fill(Queries);
            }

            Length = length;
        }

        public void Keep(ReadOnlySpan<int> kept)
        {
            int n = 0;
            while (n < kept.Length && kept[n] < Length)
            {
                Move(kept[n], n);
                n++;
            }

            Clear(n);
        }

        public void Clear(int length)
        {
            Array.Clear(Largest, Math.Min(length, Largest.Length), Math.Max(0, Largest.Length - length));
            Array.Clear(Sums, Math.Min(length, Sums.Length), Math.Max(0, Sums.Length - length));
            Length = length;
        }

        private static T[] Resize<T>(T[] array, int length, int capacity)
        {
            if (array.Length < length)
            {
                Array.Resize(ref array, capacity);
            }

            return array;
        }

        private void Move(int from, int to)
        {
            if (Largest.Length > 0)
            {
                Largest[to] = Largest[from];
            }

            if (Sums.Length > 0)
            {
                Sums[to] = Sums[from];
                Births[to] = Births[from];
            }
        }
    }
}
