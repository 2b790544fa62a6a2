using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu;

/// <summary>Operations on single rows of activations.</summary>
internal static unsafe class RowOperations
{
    /// <summary>y = x / rms(x) * weight (Zhang and Sennrich, 2019).</summary>
    public static void RmsNorm(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y)
    {
        float scale = 1f / MathF.Sqrt((TensorPrimitives.SumOfSquares(x) / x.Length) + epsilon);
        TensorPrimitives.Multiply(x, scale, y);
        TensorPrimitives.Multiply(y[..x.Length], weight, y);
    }

    /// <summary>gate = silu(gate) * up, the SwiGLU gate (Shazeer, 2020).</summary>
    public static void GateBySilu(float* gate, float* up, int count)
    {
        int i = 0;
        for (; i + 16 <= count; i += 16)
        {
            Vector512<float> g = Vector512.Load(gate + i);
            Vector512<float> sigmoid = Vector512<float>.One / (Vector512<float>.One + Vector512.Exp(-g));
            (g * sigmoid * Vector512.Load(up + i)).Store(gate + i);
        }

        for (; i < count; i++)
        {
            gate[i] = gate[i] / (1f + MathF.Exp(-gate[i])) * up[i];
        }
    }

    /// <summary>
    /// Turns one head [d] in half-split form by the angles whose cosines and sines are given [d/2], and scales it.
    /// </summary>
    public static void Rotate(float* head, float* cos, float* sin, int half, float scale)
    {
        for (int i = 0; i < half; i++)
        {
            float a = head[i];
            float b = head[i + half];
            head[i] = ((a * cos[i]) - (b * sin[i])) * scale;
            head[i + half] = ((b * cos[i]) + (a * sin[i])) * scale;
        }
    }

    /// <summary>
    /// Replaces <paramref name="count"/> logits (a multiple of 16) by exp(logit - max), -inf by 0; gives max and sum. All -inf: all become 0.
    /// </summary>
    public static (float Max, float Sum) Exponentiate(float* row, int count)
    {
        Vector512<float> max = Vector512.Load(row);
        for (int i = 16; i < count; i += 16)
        {
            max = Vector512.Max(max, Vector512.Load(row + i));
        }

        float top = Largest(max);
        if (float.IsNegativeInfinity(top))
        {
            new Span<float>(row, count).Clear();
            return (top, 0);
        }

        Vector512<float> largest = Vector512.Create(top);
        Vector512<float> sum = Vector512<float>.Zero;
        for (int i = 0; i < count; i += 16)
        {
            Vector512<float> e = VectorExp.Exp(Vector512.Load(row + i) - largest);
            e.Store(row + i);
            sum += e;
        }

        return (top, Vector512.Sum(sum));
    }

    private static float Largest(Vector512<float> v)
    {
        Vector256<float> h = Vector256.Max(v.GetLower(), v.GetUpper());
        Vector128<float> q = Vector128.Max(h.GetLower(), h.GetUpper());
        return MathF.Max(MathF.Max(q[0], q[1]), MathF.Max(q[2], q[3]));
    }
}
