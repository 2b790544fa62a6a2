using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Quantization;

/// <summary>
/// Q6_K: low nibbles (128 bytes), upper bit pairs (64), sixteen signed 8-bit scales, half d. Each half of the block has four runs of 32
/// weights: runs 0 and 1 in the low nibbles of its 64 bytes, 2 and 3 in the high ones, and run r's upper bits in bit pair r of 32 bytes.
/// </summary>
internal static class SixBitSuperBlocks
{
    public static void Q6(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = PlainTypes.Half(block[208..]);
        for (int sub = 0; sub < 16; sub++)
        {
            int half = sub / 8;
            int run = sub / 2 % 4;
            int within = sub % 2 * 16;
            float scale = d * (sbyte)block[192 + sub];
            ReadOnlySpan<byte> low = block.Slice((half * 64) + (run % 2 * 32) + within, 16);
            ReadOnlySpan<byte> high = block.Slice(128 + (half * 32) + within, 16);
            Vector512<int> code = Codes.Bits(Codes.Widen(low, 0), run / 2 * 4, 15) | (Codes.Bits(Codes.Widen(high, 0), run * 2, 3) << 4);
            Codes.Store(Vector512.ConvertToSingle(code - Vector512.Create(32)) * scale, weights, sub * 16);
        }
    }
}
