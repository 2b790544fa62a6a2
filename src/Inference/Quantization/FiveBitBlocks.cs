using System.Buffers.Binary;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Quantization;

/// <summary>Q5_0 and Q5_1: nibbles as in Q4, and the fifth bit of weight i is bit i of 32 bits before them.</summary>
internal static class FiveBitBlocks
{
    public static void ToSingle(ElementType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        bool hasMinimum = type == ElementType.Q5_1;
        int header = hasMinimum ? 4 : 2;
        for (; destination.Length > 0; source = source[(header + 20)..], destination = destination[32..])
        {
            float scale = PlainTypes.Half(source);
            float minimum = hasMinimum ? PlainTypes.Half(source[2..]) : 0;
            uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(source[header..]);
            ReadOnlySpan<byte> codes = source.Slice(header + 4, 16);
            Span<float> weights = destination[..32];
            for (int i = 0; i < 16; i++)
            {
                int low = (codes[i] & 15) | (int)(((fifth >> i) & 1) << 4);
                int high = (codes[i] >> 4) | (int)(((fifth >> (i + 16)) & 1) << 4);
                weights[i] = hasMinimum ? (scale * low) + minimum : scale * (low - 16);
                weights[i + 16] = hasMinimum ? (scale * high) + minimum : scale * (high - 16);
            }
        }
    }
}
