using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Model;

/// <summary>Cosines and sines of rows' positions, [rows, 1, d] each, in float32: the same in every layer.</summary>
internal sealed class RotaryTable
{
    private readonly long _half;

    /// <param name="model">Frequencies and scale.</param>
    /// <param name="positions">[rows] on the device.</param>
    public RotaryTable(DeviceModel model, Tensor positions)
    {
        _half = model.Config.HeadSize / 2;
        (Tensor cos, Tensor sin) = Angles(model, positions);
        float scale = model.Config.Rotary.AttentionScale;
        cos = cos.mul_(scale);
        sin = sin.mul_(scale);
        Cos = cat([cos, cos], -1).unsqueeze(1);
        Sin = cat([sin.neg(), sin], -1).unsqueeze(1);
    }

    private RotaryTable(long half, Tensor cos, Tensor sin)
    {
        _half = half;
        Cos = cos;
        Sin = sin;
    }

    public Tensor Cos { get; }

    /// <summary>The first half negated.</summary>
    public Tensor Sin { get; }

    /// <summary>
    /// Plain cosines and sines, [n, d / 2] of positions [n]. The product is rounded to single precision, as the reference's is: at far
    /// positions that is part of the model.
    /// </summary>
    public static (Tensor Cos, Tensor Sin) Angles(DeviceModel model, Tensor positions)
    {
        Tensor angles = positions.to(ScalarType.Float32).unsqueeze(-1).mul(model.InverseFrequencies);
        return (angles.cos(), angles.sin());
    }

    /// <summary>Rows [first, first + count).</summary>
    public RotaryTable Slice(long first, long count) => new(_half, Cos.narrow(0, first, count), Sin.narrow(0, first, count));

    /// <summary>Turns heads [rows, heads, d], in float32; gives the type it was given.</summary>
    public Tensor Turn(Tensor heads)
    {
        Tensor numbers = heads.to(ScalarType.Float32);
        return numbers.mul(Cos).addcmul_(numbers.roll(_half, -1), Sin, 1).to(heads.dtype);
    }
}
