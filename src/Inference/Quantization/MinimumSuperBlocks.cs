using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Quantization;

/// <summary>
/// Q4_K and Q5_K: half d, half dmin, eight 6-bit scales and minima in 12 bytes, then codes of 256 weights in 8 sub-blocks of 32. Each run
/// of 32 code bytes holds one sub-block in its low nibbles and the next in its high ones.
/// </summary>
internal static class MinimumSuperBlocks
{
    public static void Q4(ReadOnlySpan<byte> block, Span<float> weights)
    {
        for (int sub = 0; sub < 8; sub++)
        {
            var (scale, minimum) = ScaleOf(block, sub);
            int shift = sub % 2 * 4;
            ReadOnlySpan<byte> codes = block.Slice(16 + (sub / 2 * 32), 32);
            Span<float> part = weights.Slice(sub * 32, 32);
            for (int i = 0; i < part.Length; i += 16)
            {
                Vector512<float> code = Vector512.ConvertToSingle(Codes.Bits(Codes.Widen(codes, i), shift, 15));
                Codes.Store((code * scale) - Vector512.Create(minimum), part, i);
            }
        }
    }

    /// <summary>As Q4, with 32 bytes before the codes: bit s of byte i is the fifth bit of weight i of sub-block s.</summary>
    public static void Q5(ReadOnlySpan<byte> block, Span<float> weights)
    {
        ReadOnlySpan<byte> fifths = block.Slice(16, 32);
        for (int sub = 0; sub < 8; sub++)
        {
            var (scale, minimum) = ScaleOf(block, sub);
            int shift = sub % 2 * 4;
            ReadOnlySpan<byte> codes = block.Slice(48 + (sub / 2 * 32), 32);
            Span<float> part = weights.Slice(sub * 32, 32);
            for (int i = 0; i < part.Length; i += 16)
            {
                Vector512<int> code = Codes.Bits(Codes.Widen(codes, i), shift, 15) | (Codes.Bits(Codes.Widen(fifths, i), sub, 1) << 4);
                Codes.Store((Vector512.ConvertToSingle(code) * scale) - Vector512.Create(minimum), part, i);
            }
        }
    }

    private static (float Scale, float Minimum) ScaleOf(ReadOnlySpan<byte> block, int sub)
    {
        ReadOnlySpan<byte> packed = block.Slice(4, 12);
        int scale, minimum;
        if (sub < 4)
        {
            scale = packed[sub] & 63;
            minimum = packed[sub + 4] & 63;
        }
        else
        {
            // The upper two bits live on top of the first eight bytes, the lower four in the last four.
            scale = (packed[sub + 4] & 15) | (packed[sub - 4] >> 6 << 4);
            minimum = (packed[sub + 4] >> 4) | (packed[sub] >> 6 << 4);
        }

        return (PlainTypes.Half(block) * scale, PlainTypes.Half(block[2..]) * minimum);
    }
}
