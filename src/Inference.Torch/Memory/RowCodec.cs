using KVCluster.Inference.Kv;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>Rows of keys or values between float32 and the arena's element types, on the device; the rules of <see cref="KvRowCodec"/>.</summary>
internal static class RowCodec
{
    public static ScalarType TypeOf(KvElementType type) => type switch
    {
        KvElementType.F32 => ScalarType.Float32,
        KvElementType.BF16 => ScalarType.BFloat16,
        KvElementType.Int8 => ScalarType.Int8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such KV element type"),
    };

    /// <summary>Quants [n, d] and scales [n] of rows [n, d].</summary>
    public static (Tensor Quants, Tensor Scales) Quantise(Tensor rows)
    {
        Tensor numbers = rows.to(ScalarType.Float32);
        Tensor scales = numbers.abs().amax([-1L], keepdim: true).div_(127f);

        // Rows of zeros have scale 0; rows with a NaN or an infinity decode to NaN, so that a broken activation shows.
        Tensor broken = scales.isfinite().logical_not_();
        Tensor divisors = scales.masked_fill(scales.eq(0), 1f).masked_fill_(broken, 1f);
        Tensor quants = numbers.div(divisors).round_().clamp_(-127f, 127f).masked_fill_(broken, 0f).to(ScalarType.Int8);
        return (quants, scales.masked_fill_(broken, float.NaN).squeeze(-1));
    }
}
