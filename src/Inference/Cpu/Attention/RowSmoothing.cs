using System.Buffers;
using System.Numerics.Tensors;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>One query's row of attention, averaged over neighbouring slots.</summary>
internal static class RowSmoothing
{
    /// <summary>
    /// The first <paramref name="cut"/> entries become the average over <paramref name="kernel"/> neighbours, an odd number, beyond the ends
    /// zeros; the others become 0. Gives what brings their sum back to what it was.
    /// </summary>
    public static float Apply(Span<float> row, int cut, int kernel)
    {
        row[cut..].Clear();
        if (cut == 0)
        {
            return 1;
        }

        int reach = kernel / 2;
        float[] rented = ArrayPool<float>.Shared.Rent(cut + (2 * reach));
        Span<float> padded = rented.AsSpan(0, cut + (2 * reach));
        Span<float> smoothed = row[..cut];
        padded[..reach].Clear();
        smoothed.CopyTo(padded[reach..]);
        padded[^reach..].Clear();
        float before = TensorPrimitives.Sum<float>(smoothed);
        padded[..cut].CopyTo(smoothed);
        for (int neighbour = 1; neighbour < kernel; neighbour++)
        {
            TensorPrimitives.Add(smoothed, padded.Slice(neighbour, cut), smoothed);
        }

        ArrayPool<float>.Shared.Return(rented);

        // The average's division by the kernel is undone by bringing the sum back.
        float after = TensorPrimitives.Sum<float>(smoothed);
        return after > 0 ? before / after : 1;
    }
}
