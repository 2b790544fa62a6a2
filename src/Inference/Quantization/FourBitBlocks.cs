using KVCluster.Inference.Models;

namespace KVCluster.Inference.Quantization;

/// <summary>Q4_0 and Q4_1: weights 0 to 15 of a block in the low nibbles of its 16 bytes, 16 to 31 in the high ones.</summary>
internal static class FourBitBlocks
{
    public static void ToSingle(ElementType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        bool hasMinimum = type == ElementType.Q4_1;
        int header = hasMinimum ? 4 : 2;
        for (; destination.Length > 0; source = source[(header + 16)..], destination = destination[32..])
        {
            float scale = PlainTypes.Half(source);
            ReadOnlySpan<byte> codes = source.Slice(header, 16);
            Span<float> low = destination[..16];
            Span<float> high = destination.Slice(16, 16);
            if (hasMinimum)
            {
                float minimum = PlainTypes.Half(source[2..]);
                for (int i = 0; i < 16; i++)
                {
                    low[i] = (scale * (codes[i] & 15)) + minimum;
                    high[i] = (scale * (codes[i] >> 4)) + minimum;
                }
            }
            else
            {
                for (int i = 0; i < 16; i++)
                {
                    low[i] = scale * ((codes[i] & 15) - 8);
                    high[i] = scale * ((codes[i] >> 4) - 8);
                }
            }
        }
    }
}
