using System.Runtime.Intrinsics;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>
/// Attention observed so far by one cache, per layer, KV head and slot. The largest is kept as bfloat16 (two bytes a slot: rank is all
/// that matters). The mean needs a sum (three bytes a slot, <see cref="SumColumn"/>) and how many queries could see the slot, which depends
/// on its position alone and is kept once for all layers and heads.
/// </summary>
internal sealed class ObservedAttention : ISlotCompanion
{
    private readonly int _kvHeads;
    private readonly Head[] _heads;
    private int[] _births = [];
    private int _queries;

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

    /// <summary>Whether there is anything to read: of a last step only while nothing came after it.</summary>
    public bool IsKnown => !Options.LastStep || _queries > 0;

    public long Bytes => _heads.Sum(h => (h.Largest.Length * 2L) + h.Sums.Bytes) + (_births.Length * 4L);

    /// <summary>How many of a step's queries are observed: its last.</summary>
    public int ObservedOf(int tokens) =>
        Options.Window == 0 ? tokens : Options.LastStep && tokens < Options.Window ? 0 : Math.Min(tokens, Options.Window);

    /// <summary>Tells of a step that appends tokens at a position and on, before its first <see cref="Add"/>.</summary>
    public void BeginStep(int position, int tokens)
    {
        int observed = ObservedOf(tokens);
        if (Options.LastStep && (observed > 0 || _queries > 0))
        {
            Forget();
        }

        if (Options.Aggregation == QueryAggregation.Mean)
        {
            _births = Resize(_births, position + tokens);
            for (int i = 0; i < tokens; i++)
            {
                // A token is seen by itself and those after it.
                _births[position + i] = _queries + Math.Max(0, i - (tokens - observed));
            }
        }

        _queries += observed;
    }

    /// <summary>Joins attention received by slots [first, first + row.Length) from the queries of the step.</summary>
    public void Add(int layer, int head, int first, ReadOnlySpan<float> row)
    {
        Head h = _heads[(layer * _kvHeads) + head];
        h.Grow(first + row.Length, Options.Aggregation);
        if (Options.Aggregation == QueryAggregation.Max)
        {
            JoinLargest(row, h.Largest.AsSpan(first, row.Length));
        }
        else
        {
            h.Sums.Add(first, row);
        }
    }

    /// <summary>Score of each of a head's slots in <paramref name="cache"/>; slots nobody has looked at yet score 0.</summary>
    public void Read(KvCache cache, int layer, int head, Span<float> destination)
    {
        Head h = _heads[(layer * _kvHeads) + head];
        destination.Clear();
        int known = Math.Min(destination.Length, h.Length);
        for (int i = 0; i < known; i++)
        {
            destination[i] = Options.Aggregation == QueryAggregation.Max
                ? BitConverter.UInt32BitsToSingle((uint)h.Largest[i] << 16)
                : h.Sums[i] / Seen(cache.OriginalPosition(layer, head, i));
        }
    }

    /// <summary>
    /// Before positions are closed up: means stay what they are, as if all queries so far had seen every slot, since the positions that
    /// tell how many did are about to go.
    /// </summary>
    public void ForgetPositions(KvCache cache)
    {
        for (int i = 0; i < _heads.Length; i++)
        {
            Head h = _heads[i];
            for (int slot = 0; slot < h.Length && Options.Aggregation == QueryAggregation.Mean; slot++)
            {
                h.Sums[slot] *= Math.Max(1, _queries) / (float)Seen(cache.OriginalPosition(i / _kvHeads, i % _kvHeads, slot));
            }
        }

        Array.Clear(_births);
    }

    public ISlotCompanion Fork() => new ObservedAttention(_kvHeads, Options, Array.ConvertAll(_heads, h => h.Copy()))
    {
        _births = [.. _births],
        _queries = _queries,
    };

    public void Keep(int layer, int head, ReadOnlySpan<int> kept)
    {
        ForgetLastStep();
        _heads[(layer * _kvHeads) + head].Keep(kept);
    }

    public void Truncate(int layer, int head, int length)
    {
        Head h = _heads[(layer * _kvHeads) + head];
        if (length < h.Length)
        {
            ForgetLastStep();
        }

        h.Clear(Math.Min(length, h.Length));
    }

    /// <summary>What was observed of a last step is true no more.</summary>
    private void ForgetLastStep() => _queries = Options.LastStep ? 0 : _queries;

    private void Forget()
    {
        foreach (Head head in _heads)
        {
            head.Clear(0);
        }

        Array.Clear(_births);
        _queries = 0;
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

    private static T[] Resize<T>(T[] array, int length)
    {
        if (array.Length < length)
        {
            Array.Resize(ref array, Math.Max(length, array.Length + (array.Length / 8) + 64));
        }

        return array;
    }

    private int Seen(int position) => Math.Max(1, _queries - _births[position]);

    private sealed class Head
    {
        public ushort[] Largest { get; private set; } = [];

        public SumColumn Sums { get; private init; } = new();

        public int Length { get; private set; }

        public Head Copy() => new() { Largest = [.. Largest], Sums = Sums.Copy(), Length = Length };

        public void Grow(int length, QueryAggregation aggregation)
        {
            if (length <= Length)
            {
                return;
            }

            if (aggregation == QueryAggregation.Max)
            {
                Largest = Resize(Largest, length);
            }
            else
            {
                Sums.Grow(length);
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
            Sums.Clear(length);
            Length = length;
        }

        private void Move(int from, int to)
        {
            if (Largest.Length > 0)
            {
                Largest[to] = Largest[from];
            }

            if (Sums.Length > 0)
            {
                Sums.Move(from, to);
            }
        }
    }
}
