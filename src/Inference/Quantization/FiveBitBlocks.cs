using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Quantization;

/// <summary>Q5_0 and Q5_1: nibbles as in Q4, and the fifth bit of weight i is bit i of 32 bits before them.</summary>
internal static class FiveBitBlocks
{
    private static Vector512<int> LaneBits => Vector512.Create(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768);

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
            Vector512<int> nibbles = Codes.Widen(codes, 0);
            for (int half = 0; half < 2; half++)
            {
                // Lane i takes bit i of its half's 16 bits and moves it to bit 4.
                Vector512<int> lane = Vector512.Create((int)((fifth >> (16 * half)) & 0xFFFF));
                Vector512<int> bit = Vector512.Equals(lane & LaneBits, Vector512<int>.Zero);
                Vector512<int> code = Codes.Bits(nibbles, 4 * half, 15) | Vector512.AndNot(Vector512.Create(16), bit);
                Vector512<float> value = hasMinimum
                    ? (Vector512.ConvertToSingle(code) * scale) + Vector512.Create(minimum)
                    : Vector512.ConvertToSingle(code - Vector512.Create(16)) * scale;
                Codes.Store(value, weights, 16 * half);
            }
        }
    }
}
