using KVCluster.Inference.Kv;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Kv;

public class KvRowCodecTests
{
    public static TheoryData<string> QuantFiles()
    {
        var data = new TheoryData<string>();
        string folder = Path.Combine(TestPaths.Goldens, "quant");
        if (Directory.Exists(folder))
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*.safetensors").Order(StringComparer.Ordinal))
            {
                data.Add(Path.GetFileName(file));
            }
        }

        return data;
    }

    [GoldenTheory("quant")]
    [MemberData(nameof(QuantFiles))]
    [Trait("Category", "Goldens")]
    public void Int8_rows_equal_the_reference(string file)
    {
        var golden = new GoldenTensors(Path.Combine(TestPaths.Goldens, "quant", file));
        int size = golden.Shape("x")[^1];
        float[] x = golden.Floats("x");
        int[] quants = golden.Integers("int8_q");
        float[] scales = golden.Floats("int8_scale");
        float[] expected = golden.Floats("int8_dequantised");
        var row = new sbyte[size];
        var decoded = new float[size];
        for (int r = 0; r < x.Length / size; r++)
        {
            float scale = KvRowCodec.EncodeInt8(x.AsSpan(r * size, size), row);
            KvRowCodec.DecodeInt8(row, scale, decoded);
            Assert.Equal(scales[r], scale);
            Assert.Equal(quants.AsSpan(r * size, size).ToArray(), Array.ConvertAll(row, q => (int)q));
            Assert.Equal(expected.AsSpan(r * size, size).ToArray(), decoded);
        }

        Assert.NotEmpty(x);
    }

    [GoldenTheory("quant")]
    [MemberData(nameof(QuantFiles))]
    [Trait("Category", "Goldens")]
    public void Int8_pages_give_back_the_reference_rows(string file)
    {
        var golden = new GoldenTensors(Path.Combine(TestPaths.Goldens, "quant", file));
        int[] shape = golden.Shape("x");
        int size = shape[^1];
        int rows = shape[^2];
        float[] x = golden.Floats("x");
        float[] expected = golden.Floats("int8_dequantised");
        int heads = x.Length / size / rows;
        using var store = new CpuPageStore(new KvGeometry(1, heads, size, KvElementType.Int8, 16), (rows + 15) / 16 * heads);
        int perHead = store.PageCount / heads;
        for (int head = 0; head < heads; head++)
        {
            int[] pages = Enumerable.Range(head * perHead, perHead).Reverse().ToArray();
            var decoded = new float[rows * size];
            store.WriteRows(pages, 0, rows, x.AsSpan(head * rows * size, rows * size));
            store.ReadRows(pages, 0, rows, decoded);
            Assert.Equal(expected.AsSpan(head * rows * size, rows * size).ToArray(), decoded);
        }
    }

    [GoldenTheory("quant")]
    [MemberData(nameof(QuantFiles))]
    [Trait("Category", "Goldens")]
    public void Bf16_bits_equal_the_reference(string file)
    {
        var golden = new GoldenTensors(Path.Combine(TestPaths.Goldens, "quant", file));
        float[] x = golden.Floats("cast_f32");
        ushort[] expected = Array.ConvertAll(golden.Integers("cast_bf16_bits"), v => (ushort)v);
        var bits = new ushort[x.Length];
        KvRowCodec.EncodeBf16(x, bits);
        Assert.Equal(expected, bits);
        Assert.Equal(expected, Array.ConvertAll(x, KvRowCodec.ToBf16));
        Assert.NotEmpty(x);

        var wide = new float[x.Length];
        KvRowCodec.DecodeBf16(bits, wide);
        Assert.Equal(Array.ConvertAll(expected, v => (uint)v << 16), Array.ConvertAll(wide, BitConverter.SingleToUInt32Bits));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(80)]
    [InlineData(131)]
    public void Vectors_and_remainders_round_alike(int length)
    {
        var random = new Random(length);
        float[] row = Enumerable.Range(0, length).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-6, 7)))).ToArray();
        var bits = new ushort[length];
        KvRowCodec.EncodeBf16(row, bits);
        Assert.Equal(Array.ConvertAll(row, KvRowCodec.ToBf16), bits);

        var quants = new sbyte[length];
        float scale = KvRowCodec.EncodeInt8(row, quants);
        Assert.Equal(row.Max(MathF.Abs) / 127f, scale);
        Assert.Equal(Array.ConvertAll(row, v => (sbyte)Math.Clamp(MathF.Round(v / scale), -127, 127)), quants);
        var decoded = new float[length];
        KvRowCodec.DecodeInt8(quants, scale, decoded);
        Assert.Equal(Array.ConvertAll(quants, q => q * scale), decoded);
        for (int i = 0; i < length; i++)
        {
            // Half a step, and the rounding of a division and a product.
            Assert.InRange(decoded[i] - row[i], -0.50001f * scale, 0.50001f * scale);
        }
    }

    [Fact]
    public void Zeros_subnormals_and_broken_rows_are_told_apart()
    {
        var quants = new sbyte[20];
        var decoded = new float[20];
        quants.AsSpan().Fill(9);
        Assert.Equal(0f, KvRowCodec.EncodeInt8(new float[20], quants));
        Assert.All(quants, q => Assert.Equal(0, q));

        // Scales this small are inexact, so quants would overflow a byte without a clamp.
        float[] tiny = Enumerable.Repeat(190 * float.Epsilon, 20).ToArray();
        Assert.Equal(float.Epsilon, KvRowCodec.EncodeInt8(tiny, quants));
        Assert.All(quants, q => Assert.Equal(127, q));

        foreach (float broken in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            float[] row = Enumerable.Repeat(1f, 20).ToArray();
            row[7] = broken;
            KvRowCodec.DecodeInt8(quants, KvRowCodec.EncodeInt8(row, quants), decoded);
            Assert.All(decoded, v => Assert.True(float.IsNaN(v)));
        }

        float[] odd = Enumerable.Repeat(BitConverter.UInt32BitsToSingle(0x7F800001), 20).ToArray();
        var bits = new ushort[20];
        KvRowCodec.EncodeBf16(odd, bits);
        Assert.All(bits, b => Assert.Equal(0x7FC0, b));
        Assert.Throws<ArgumentException>(() => KvRowCodec.EncodeBf16(odd, new ushort[19]));
    }
}
