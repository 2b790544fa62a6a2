using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>Cosines and sines of rows' positions, [rows, d/2] each: the same in every layer, so made once a step or pass.</summary>
internal sealed unsafe class RotaryAngles : IDisposable
{
    private readonly RotaryEmbedding _rotary;
    private readonly int _half;
    private readonly NativeBuffer _cos = new();
    private readonly NativeBuffer _sin = new();

    public RotaryAngles(ModelConfig config, int rows)
    {
        _rotary = config.Rotary;
        _half = config.HeadSize / 2;
        Ensure(rows);
    }

    public long Bytes => _cos.Bytes + _sin.Bytes;

    /// <summary>Makes room; what was set is lost where it grows.</summary>
    public void Ensure(int rows)
    {
        _cos.Ensure((long)rows * _half);
        _sin.Ensure((long)rows * _half);
    }

    public float* Cos(int row) => _cos.Data + ((long)row * _half);

    public float* Sin(int row) => _sin.Data + ((long)row * _half);

    public void Set(int row, int position)
    {
        float* cos = Cos(row);
        float* sin = Sin(row);
        for (int i = 0; i < _half; i++)
        {
            // In single precision, as the reference does: at far positions the rounding of the angle is part of the model.
            (float s, float c) = MathF.SinCos(position * _rotary.InverseFrequencies[i]);
            cos[i] = c * _rotary.AttentionScale;
            sin[i] = s * _rotary.AttentionScale;
        }
    }

    /// <summary>Rows 0..count-1 at consecutive positions.</summary>
    public void SetRun(int position, int count)
    {
        for (int r = 0; r < count; r++)
        {
            Set(r, position + r);
        }
    }

    public void Dispose()
    {
        _cos.Dispose();
        _sin.Dispose();
    }
}
