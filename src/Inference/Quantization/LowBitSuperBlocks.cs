namespace KVCluster.Inference.Quantization;

/// <summary>
/// Q2_K and Q3_K: 256 weights in 16 sub-blocks of 16. Each half of the block has 32 bytes of 2-bit codes: bits 2k and 2k+1 belong to its
/// k-th run of 32 weights.
/// </summary>
internal static class LowBitSuperBlocks
{
    /// <summary>Sub-block scales in low nibbles and minima in high ones (16 bytes), codes (64), half d, half dmin.</summary>
    public static void Q2(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = PlainTypes.Half(block[80..]);
        float dmin = PlainTypes.Half(block[82..]);
        for (int sub = 0; sub < 16; sub++)
        {
            float scale = d * (block[sub] & 15);
            float minimum = dmin * (block[sub] >> 4);
            int shift = ShiftOf(sub);
            ReadOnlySpan<byte> codes = block.Slice(16 + CodesOf(sub), 16);
            Span<float> part = weights.Slice(sub * 16, 16);
            for (int i = 0; i < part.Length; i++)
            {
                part[i] = (scale * ((codes[i] >> shift) & 3)) - minimum;
            }
        }
    }

    /// <summary>
    /// Third bits (32 bytes; bit r for run r of 32 weights, set = do not subtract 4), codes (64), 6-bit scales (12), half d.
    /// </summary>
    public static void Q3(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = PlainTypes.Half(block[108..]);
        for (int sub = 0; sub < 16; sub++)
        {
            float scale = d * (Q3Scale(block.Slice(96, 12), sub) - 32);
            int shift = ShiftOf(sub);
            int run = sub / 2;
            ReadOnlySpan<byte> codes = block.Slice(32 + CodesOf(sub), 16);
            ReadOnlySpan<byte> thirds = block.Slice(sub % 2 * 16, 16);
            Span<float> part = weights.Slice(sub * 16, 16);
            for (int i = 0; i < part.Length; i++)
            {
                int third = (thirds[i] >> run) & 1;
                part[i] = scale * (((codes[i] >> shift) & 3) - 4 + (third << 2));
            }
        }
    }

    private static int ShiftOf(int sub) => sub / 2 % 4 * 2;

    private static int CodesOf(int sub) => (sub / 8 * 32) + (sub % 2 * 16);

    /// <summary>Low four bits in the nibbles of bytes 0 to 7, upper two bits in the bit pairs of bytes 8 to 11.</summary>
    private static int Q3Scale(ReadOnlySpan<byte> packed, int sub)
    {
        int low = (packed[sub % 8] >> (sub / 8 * 4)) & 15;
        int high = (packed[8 + (sub % 4)] >> (sub / 4 * 2)) & 3;
        return low | (high << 4);
    }
}
