using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Compression.Scores;

/// <summary>Compares scores with a border, 64 at a time: a bit each, so that scattered choices mislead no branch.</summary>
internal static class SlotMask
{
    private const int Bits = 64;

    /// <summary>
    /// Writes the indices of all scores above <paramref name="lowest"/> and of the first <paramref name="equal"/> that equal it, ascending,
    /// plus <paramref name="offset"/>. <paramref name="slots"/> is as long as there are such scores; NaN must not occur.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Take(ReadOnlySpan<float> scores, float lowest, int equal, int offset, Span<int> slots)
    {
        int kept = 0;
        int start = 0;
        Vector512<float> border = Vector512.Create(lowest);
        for (; start <= scores.Length - Bits && kept < slots.Length; start += Bits)
        {
            ulong above = 0;
            ulong same = 0;
            for (int lane = 0; lane < Bits; lane += Vector512<float>.Count)
            {
                Vector512<float> part = Vector512.Create(scores.Slice(start + lane, Vector512<float>.Count));
                above |= Vector512.GreaterThan(part, border).ExtractMostSignificantBits() << lane;
                same |= Vector512.Equals(part, border).ExtractMostSignificantBits() << lane;
            }

            if (same != 0 && equal > 0)
            {
                above |= First(same, ref equal);
            }

            kept += Write(above, offset + start, slots[kept..]);
        }

        for (; start < scores.Length && kept < slots.Length; start++)
        {
            if (scores[start] > lowest || (scores[start] == lowest && equal-- > 0))
            {
                slots[kept++] = offset + start;
            }
        }
    }

    /// <summary>The first so many of the bits.</summary>
    private static ulong First(ulong bits, ref int count)
    {
        int set = BitOperations.PopCount(bits);
        if (set <= count)
        {
            count -= set;
            return bits;
        }

        ulong rest = bits;
        for (; count > 0; count--)
        {
            rest &= rest - 1;
        }

        return bits ^ rest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Write(ulong bits, int first, Span<int> slots)
    {
        int count = BitOperations.PopCount(bits);
        Span<int> taken = slots[..count];
        for (int i = 0; i < taken.Length; i++)
        {
            taken[i] = first + BitOperations.TrailingZeroCount(bits);
            bits &= bits - 1;
        }

        return count;
    }
}
