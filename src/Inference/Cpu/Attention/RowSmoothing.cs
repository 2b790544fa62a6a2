using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>One query's row of attention, averaged over neighbouring slots.</summary>
internal static class RowSmoothing
{
    /// <summary>
    /// The first <paramref name="cut"/> entries of a row, whose length is a multiple of 16, become the sum over <paramref name="kernel"/>
    /// neighbours, an odd number, beyond the ends zeros; the others become 0. Gives what brings their sum back to what it was, which makes
    /// averages of them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Apply(Span<float> row, int cut, int kernel)
    {
        row[cut..].Clear();
        if (cut == 0)
        {
            return 1;
        }

        int reach = kernel / 2;
        float before = Sum(row);
        float[] rented = ArrayPool<float>.Shared.Rent(row.Length + (2 * reach));
        Span<float> padded = rented.AsSpan(0, row.Length + (2 * reach));
        padded[..reach].Clear();
        row.CopyTo(padded[reach..]);
        padded[^reach..].Clear();
        for (int i = 0; i < cut; i += Vector512<float>.Count)
        {
            Vector512<float> sum = Vector512.Create<float>(padded[i..]);
            for (int neighbour = 1; neighbour < kernel; neighbour++)
            {
                sum += Vector512.Create<float>(padded[(i + neighbour)..]);
            }

            sum.CopyTo(row[i..]);
        }

        ArrayPool<float>.Shared.Return(rented);
        row[cut..].Clear();
        float after = Sum(row);
        return after > 0 ? before / after : 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum(ReadOnlySpan<float> row)
    {
        Vector512<float> sum = Vector512<float>.Zero;
        for (int i = 0; i < row.Length; i += Vector512<float>.Count)
        {
            sum += Vector512.Create(row[i..]);
        }

        return Vector512.Sum(sum);
    }
}
