using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using KVCluster.Inference.Models;
using KVCluster.Inference.Models.Gguf;
using KVCluster.Inference.Quantization;
using KVCluster.TestSupport;
using Xunit;

namespace KVCluster.Inference.Tests.Quantization;

public sealed class DequantizerTests
{
    [Trait("Category", "Goldens")]
    [GoldenFact("gguf/tensors.gguf")]
    public void Every_type_decodes_to_the_reference_bits()
    {
        string folder = Path.Combine(TestPaths.Goldens, "gguf");
        GoldenTensors expected = new(Path.Combine(folder, "expected.safetensors"));
        using GgufFile file = GgufFile.Open(Path.Combine(folder, "tensors.gguf"));

        Assert.NotEmpty(expected.Names);
        foreach (string name in expected.Names)
        {
            float[] decoded = file.Tensors[name].ToSingle();
            Assert.Equal(expected.Shape(name).Select(d => (long)d), file.Tensors[name].Shape);
            AssertBits(expected.Floats(name), decoded, name);
        }
    }

    [Trait("Category", "Goldens")]
    [GoldenFact("smollm2/dequantized.json", needsSmolLm2: true)]
    public void Every_tensor_of_a_real_model_has_the_reference_digest()
    {
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestPaths.Goldens, "smollm2", "dequantized.json")));
        using GgufFile file = GgufFile.Open(TestPaths.SmolLm2!);
        int tensors = 0;
        foreach (JsonElement entry in expected.RootElement.GetProperty("tensors").EnumerateArray())
        {
            StoredTensor tensor = file.Tensors[entry.GetProperty("name").GetString()!];
            Assert.Equal(entry.GetProperty("type").GetString(), tensor.Type.ToString());
            Assert.Equal(entry.GetProperty("shape_rows_first").EnumerateArray().Select(e => e.GetInt64()), tensor.Shape);
            byte[] digest = SHA256.HashData(MemoryMarshal.AsBytes(tensor.ToSingle().AsSpan()));
            Assert.True(entry.GetProperty("sha256_f32le").GetString() == Convert.ToHexStringLower(digest), tensor.Name);
            tensors++;
        }

        Assert.Equal(file.Tensors.Count, tensors);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Lengths_that_do_not_fit_are_refused(ElementType type)
    {
        int elements = ElementTypes.BlockElements(type);
        byte[] block = new byte[ElementTypes.BlockBytes(type)];
        Dequantizer.ToSingle(type, block, new float[elements]);
        Assert.Throws<ArgumentException>(() => Dequantizer.ToSingle(type, block, new float[elements + 1]));
        Assert.Throws<ArgumentException>(() => Dequantizer.ToSingle(type, block.AsSpan(1), new float[elements]));
    }

    /// <summary>16-bit floats have few enough values to try them all, in runs that also exercise the ends of vector loops.</summary>
    [Theory]
    [InlineData(ElementType.F16)]
    [InlineData(ElementType.BF16)]
    public void All_16_bit_values_widen_exactly(ElementType type)
    {
        ushort[] bits = Enumerable.Range(0, 65536).Select(i => (ushort)i).ToArray();
        foreach (int start in new[] { 0, 1, 7 })
        {
            float[] decoded = new float[bits.Length - start];
            Dequantizer.ToSingle(type, MemoryMarshal.AsBytes(bits.AsSpan(start)), decoded);
            for (int i = 0; i < decoded.Length; i++)
            {
                ushort code = bits[start + i];
                float expected = type == ElementType.BF16
                    ? BitConverter.UInt32BitsToSingle((uint)code << 16)
                    : (float)BitConverter.UInt16BitsToHalf(code);
                Assert.True(float.IsNaN(expected) ? float.IsNaN(decoded[i]) : expected.Equals(decoded[i]), $"{type} {code:x4}");
            }
        }
    }

    public static TheoryData<ElementType> Types() => new(Enum.GetValues<ElementType>());

    private static void AssertBits(float[] expected, float[] actual, string name)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            int want = BitConverter.SingleToInt32Bits(expected[i]);
            int got = BitConverter.SingleToInt32Bits(actual[i]);
            Assert.True(want == got, $"{name}[{i}]: {actual[i]:R}, expected {expected[i]:R}");
        }
    }
}
