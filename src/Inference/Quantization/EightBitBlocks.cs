namespace KVCluster.Inference.Quantization;

/// <summary>Q8_0: 32 signed bytes times one scale.</summary>
internal static class EightBitBlocks
{
    public static void ToSingle(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (; destination.Length > 0; source = source[34..], destination = destination[32..])
        {
            float scale = PlainTypes.Half(source);
            ReadOnlySpan<byte> codes = source.Slice(2, 32);
            Span<float> weights = destination[..32];
            for (int i = 0; i < weights.Length; i++)
            {
                weights[i] = scale * (sbyte)codes[i];
            }
        }
    }
}
