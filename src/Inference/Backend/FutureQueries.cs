using KVCluster.Inference.Models;

namespace KVCluster.Inference.Backend;

/// <summary>
/// Turns statistics of queries before RoPE by the mean rotation matrix over positions to come (ExpectedAttention). The mean of rotations is
/// in each plane a scaled rotation: [[c, -s], [s, c]] with the mean cosine and sine.
/// </summary>
internal sealed class FutureQueries
{
    private readonly float[] _cos;
    private readonly float[] _sin;

    public FutureQueries(RotaryEmbedding rotary, int headSize, int first, int count)
    {
        _cos = new float[headSize / 2];
        _sin = new float[headSize / 2];
        for (int i = 0; i < _cos.Length; i++)
        {
            double cos = 0;
            double sin = 0;
            for (int p = first; p < first + count; p++)
            {
                (float s, float c) = MathF.SinCos(p * rotary.InverseFrequencies[i]);
                cos += c;
                sin += s;
            }

            _cos[i] = (float)(cos * rotary.AttentionScale / count);
            _sin[i] = (float)(sin * rotary.AttentionScale / count);
        }
    }

    /// <summary>R m, [d].</summary>
    public float[] TurnMean(ReadOnlySpan<float> mean)
    {
        float[] turned = mean.ToArray();
        Turn(turned, 1);
        return turned;
    }

    /// <summary>R C R^T, [d, d].</summary>
    public float[] TurnCovariance(ReadOnlySpan<float> covariance)
    {
        float[] turned = covariance.ToArray();
        int size = 2 * _cos.Length;
        for (int i = 0; i < size; i++)
        {
            Turn(turned.AsSpan(i * size, size), 1);
        }

        for (int i = 0; i < size; i++)
        {
            Turn(turned.AsSpan(i), size);
        }

        return turned;
    }

    private void Turn(Span<float> vector, int stride)
    {
        int half = _cos.Length;
        for (int i = 0; i < half; i++)
        {
            float a = vector[i * stride];
            float b = vector[(i + half) * stride];
            vector[i * stride] = (_cos[i] * a) - (_sin[i] * b);
            vector[(i + half) * stride] = (_cos[i] * b) + (_sin[i] * a);
        }
    }
}
