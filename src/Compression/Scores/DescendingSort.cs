using System.Buffers;

namespace KVCluster.Compression.Scores;

/// <summary>
/// Sorts scores, largest first, by three counting passes of 11 bits over the floats' order-preserving bit patterns: several times faster
/// than comparing at the lengths of a context. Negative zero counts as zero; NaN must not occur.
/// </summary>
internal static class DescendingSort
{
    private const int DigitBits = 11;
    private const int Buckets = 1 << DigitBits;
    private const int Passes = 3;

    // Below this the comparing sort wins, since clearing the buckets costs more.
    private const int ShortRow = 512;

    /// <summary>Each row of the scores sorted: entry [l, k, i] is head k's i-th best score.</summary>
    public static AttentionScores Rows(AttentionScores scores)
    {
        float[][] rows = new float[scores.Layers * scores.Heads][];
        for (int i = 0; i < rows.Length; i++)
        {
            ReadOnlySpan<float> row = scores.Row(i / scores.Heads, i % scores.Heads);
            rows[i] = new float[row.Length];
            Sort(row, rows[i]);
        }

        return new AttentionScores(scores.Layers, scores.Heads, rows);
    }

    /// <summary>Writes the scores to <paramref name="sorted"/>, of the same length, in descending order.</summary>
    public static void Sort(ReadOnlySpan<float> scores, Span<float> sorted)
    {
        int length = scores.Length;
        if (length < ShortRow)
        {
            scores.CopyTo(sorted);
            sorted.Sort();
            sorted.Reverse();
            return;
        }

        uint[] keys = ArrayPool<uint>.Shared.Rent(length);
        uint[] other = ArrayPool<uint>.Shared.Rent(length);
        Span<int> counts = stackalloc int[Passes * Buckets];
        counts.Clear();
        for (int i = 0; i < length; i++)
        {
            uint key = ToKey(scores[i]);
            keys[i] = key;
            counts[(int)(key & (Buckets - 1))]++;
            counts[Buckets + (int)((key >> DigitBits) & (Buckets - 1))]++;
            counts[(2 * Buckets) + (int)(key >> (2 * DigitBits))]++;
        }

        for (int pass = 0; pass < Passes; pass++)
        {
            Scatter(keys.AsSpan(0, length), other.AsSpan(0, length), counts.Slice(pass * Buckets, Buckets), pass * DigitBits);
            (keys, other) = (other, keys);
        }

        for (int i = 0; i < length; i++)
        {
            sorted[i] = FromKey(keys[i]);
        }

        ArrayPool<uint>.Shared.Return(keys);
        ArrayPool<uint>.Shared.Return(other);
    }

    private static void Scatter(ReadOnlySpan<uint> from, Span<uint> to, Span<int> counts, int shift)
    {
        int next = 0;
        for (int bucket = 0; bucket < counts.Length; bucket++)
        {
            (counts[bucket], next) = (next, next + counts[bucket]);
        }

        foreach (uint key in from)
        {
            to[counts[(int)((key >> shift) & (Buckets - 1))]++] = key;
        }
    }

    // Ascending keys are descending floats: positive floats order as their bits, negative ones against them. Adding 0 turns -0 into 0.
    internal static uint ToKey(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value + 0f);
        return ~(bits ^ ((uint)((int)bits >> 31) | 0x8000_0000u));
    }

    internal static float FromKey(uint key)
    {
        uint bits = ~key;
        return BitConverter.UInt32BitsToSingle(bits ^ ((bits >> 31) == 1 ? 0x8000_0000u : 0xFFFF_FFFFu));
    }
}
