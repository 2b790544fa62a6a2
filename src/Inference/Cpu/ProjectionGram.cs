using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu;

/// <summary>The Gram matrix G = W'W of a head's columns W [outputs, d] of the output projection, and its factor.</summary>
internal static unsafe class ProjectionGram
{
    private const int Panel = GemmKernel.PanelColumns;

    /// <summary>
    /// The lower triangle of G [d, d] from panels of 32 outputs side by side, [d, 32] each, <paramref name="stride"/> floats apart.
    /// </summary>
    public static float[] Of(float* panels, long stride, int count, int size)
    {
        float[] gram = new float[size * size];
        for (int i = 0; i < size; i++)
        {
            int j = 0;
            for (; j + 4 <= i + 1; j += 4)
            {
                Dot4(panels + (i * Panel), panels + (j * Panel), stride, count, gram.AsSpan((i * size) + j, 4));
            }

            for (; j <= i; j++)
            {
                gram[(i * size) + j] = Dot(panels + (i * Panel), panels + (j * Panel), stride, count);
            }
        }

        return gram;
    }

    /// <summary>
    /// Upper triangular R [d, d] with R'R = G, from G's lower triangle (Cholesky). Directions W sends to nothing, or to no more than
    /// rounding, get a row of zeros.
    /// </summary>
    public static float[] Factor(ReadOnlySpan<float> gram, int size)
    {
        double[] lower = new double[size * size];
        double largest = 0;
        for (int i = 0; i < size; i++)
        {
            largest = Math.Max(largest, gram[(i * size) + i]);
        }

        for (int j = 0; j < size; j++)
        {
            double pivot = gram[(j * size) + j] - DotRows(lower, j, j, size);
            if (pivot <= largest * 1e-7)
            {
                continue;
            }

            double root = Math.Sqrt(pivot);
            lower[(j * size) + j] = root;
            for (int i = j + 1; i < size; i++)
            {
                lower[(i * size) + j] = (gram[(i * size) + j] - DotRows(lower, i, j, size)) / root;
            }
        }

        float[] factor = new float[size * size];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                factor[(j * size) + i] = (float)lower[(i * size) + j];
            }
        }

        return factor;
    }

    /// <summary>One column of W by four neighbours: a load of it serves all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot4(float* a, float* b, long stride, int count, Span<float> dots)
    {
        Vector512<float> dot0 = Vector512<float>.Zero, dot1 = dot0, dot2 = dot0, dot3 = dot0;
        for (int panel = 0; panel < count; panel++, a += stride, b += stride)
        {
            for (int half = 0; half < Panel; half += Vector512<float>.Count)
            {
                Vector512<float> x = Vector512.Load(a + half);
                dot0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(b + half), dot0);
                dot1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(b + half + Panel), dot1);
                dot2 = Vector512.FusedMultiplyAdd(x, Vector512.Load(b + half + (2 * Panel)), dot2);
                dot3 = Vector512.FusedMultiplyAdd(x, Vector512.Load(b + half + (3 * Panel)), dot3);
            }
        }

        dots[0] = Vector512.Sum(dot0);
        dots[1] = Vector512.Sum(dot1);
        dots[2] = Vector512.Sum(dot2);
        dots[3] = Vector512.Sum(dot3);
    }

    private static float Dot(float* a, float* b, long stride, int count)
    {
        Vector512<float> dot = Vector512<float>.Zero;
        for (int panel = 0; panel < count; panel++, a += stride, b += stride)
        {
            for (int half = 0; half < Panel; half += Vector512<float>.Count)
            {
                dot = Vector512.FusedMultiplyAdd(Vector512.Load(a + half), Vector512.Load(b + half), dot);
            }
        }

        return Vector512.Sum(dot);
    }

    /// <summary>Of rows i and j, their first j entries.</summary>
    private static double DotRows(double[] lower, int i, int j, int size) =>
        System.Numerics.Tensors.TensorPrimitives.Dot<double>(lower.AsSpan(i * size, j), lower.AsSpan(j * size, j));
}
