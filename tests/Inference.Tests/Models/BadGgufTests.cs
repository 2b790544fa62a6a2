using System.Runtime.InteropServices;
using KVCluster.Inference.Models;
using KVCluster.Inference.Quantization;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

public sealed class BadGgufTests
{
    private const string Query = "blk.0.attn_q.weight";

    private static readonly Dictionary<string, (Action<GgufBuilder> Break, string Fault)> _faults = new()
    {
        ["foreign magic"] = (b => b.Magic = 0x04034B50, "is not a GGUF file"),
        ["version 2"] = (b => b.Version = 2, "GGUF version 2"),
        ["big endian"] = (b => b.Version = 3u << 24, "big-endian"),
        ["tensor count"] = (b => b.TensorCount = ulong.MaxValue, "number of tensors: a count of 18446744073709551615"),
        ["key twice"] = (b => b.Metadata.Add(("llama.block_count", 2u)), "metadata key 'llama.block_count' occurs twice"),
        ["tensor twice"] = (b => b.Tensors[1].Name = b.Tensors[0].Name, "tensor 'token_embd.weight' occurs twice"),
        ["value type"] = (b => b.Set("x", new byte[] { 77, 0, 0, 0 }), "'x' has value type 77"),
        ["array length"] = (
            b => b.Set("x", new byte[] { 9, 0, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 127 }),
            "x: a count of 9223372036854775807"),
        ["text length"] = (b => b.Set("x", new byte[] { 8, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0 }), "x: a count of 4294967295"),
        ["text encoding"] = (b => b.Set("x", new byte[] { 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xFF }), "x is not UTF-8"),
        ["boolean"] = (b => b.Set("x", new byte[] { 7, 0, 0, 0, 2 }), "'x' is a boolean of value 2"),
        ["alignment"] = (b => b.Set("general.alignment", 24u), "general.alignment is 24"),
        ["tensor type"] = (b => b[Query].Type = 23, "IQ4_XS (23), which is not supported"),
        ["dimensions"] = (b => b[Query].Shape = [1, 1, 1, 32, 32], "5 dimensions"),
        ["zero dimension"] = (b => b[Query].Shape = [0, 32], "a dimension of 0"),
        ["absurd dimension"] = (b => b[Query].Shape = [1L << 62, 1L << 62], "too large for any file"),
        ["past the end"] = (b => b[Query].Shape = [1 << 20, 32], "bytes at"),
        ["offset"] = (b => b[Query].Offset = ulong.MaxValue - 31, $"'{Query}' needs"),
        ["misaligned"] = (b => b[Query].Offset = 17, "not a multiple of the alignment"),
        ["overlap"] = (b => b[Query].Offset = 0, "overlap"),
        ["split blocks"] = (b => b.Add("x", [2, 48], GgufBuilder.Q8_0, new byte[102]), "do not hold whole blocks"),
        ["missing tensor"] = (b => b.Tensors.Remove(b[Query]), $"tensor '{Query}' is missing"),
        ["unknown tensor"] = (b => b.Add("blk.0.attn_output.bias", [32], 0, new byte[128]), "'blk.0.attn_output.bias' has no place"),
        ["wrong shape"] = (b => b[Query].Shape = [16, 64], $"'{Query}' is [16, 64] F32 where [32, 32] was expected"),
        ["vector type"] = (b => (b["output_norm.weight"].Type, b["output_norm.weight"].Data) = (8, new byte[34]), "is of type Q8_0"),
        ["NaN in a norm"] = (b => Poison(b["output_norm.weight"].Data, float.NaN), "'output_norm.weight' holds NaN at index 3"),
        ["infinity in a matrix"] = (b => Poison(b[Query].Data, float.NegativeInfinity), $"'{Query}' holds NaN or infinity"),
        ["architecture"] = (b => b.Set("general.architecture", "mamba"), "architecture 'mamba' is not supported"),
        ["no architecture"] = (b => b.Set("general.architecture", null), "'general.architecture' is missing"),
        ["no layers"] = (b => b.Set("llama.block_count", 0u), "'llama.block_count' is 0"),
        ["absurd layers"] = (b => b.Set("llama.block_count", uint.MaxValue), "'llama.block_count' is 4294967295"),
        ["more layers"] = (b => b.Set("llama.block_count", 3u), "tensor 'blk.2."),
        ["fewer layers"] = (b => b.Set("llama.block_count", 1u), "tensor 'blk.1."),
        ["key of another kind"] = (b => b.Set("llama.embedding_length", "32"), "'llama.embedding_length' is '32'"),
        ["heads per layer"] = (b => b.Set("llama.attention.head_count", new[] { 2, 2 }), "is an array of 2"),
        ["uneven heads"] = (b => b.Set("llama.attention.head_count_kv", 3u), "cannot share 3"),
        ["experts"] = (b => b.Set("llama.expert_count", 8u), "'llama.expert_count' is not supported"),
        ["partial rotation"] = (b => b.Set("llama.rope.dimension_count", 8u), "8 rotated dimensions"),
        ["longrope"] = (b => b.Set("llama.rope.scaling.type", "longrope"), "'longrope' is not supported"),
        ["epsilon"] = (b => b.Set("llama.attention.layer_norm_rms_epsilon", float.NaN), "is NaN where a positive number"),
        ["rotary base"] = (b => b.Set("llama.rope.freq_base", 0.5f), "not a base of frequencies"),
        ["vocabulary"] = (b => b.Set("llama.vocab_size", 13u), "the vocabulary is 13 by metadata"),
        ["end token"] = (b => b.Set("tokenizer.ggml.eos_token_id", 12u), "end token 12 is outside"),
        ["split model"] = (b => b.Set("split.count", 3u), "one part of a split model"),
        ["zero divisor"] = (b => b.Add("rope_freqs.weight", [8], 0, new byte[32]), "frequencies that are not positive"),
    };

    public static TheoryData<string> Faults() => new(_faults.Keys);

    [Fact]
    public void The_model_opens_unbroken()
    {
        using TemporaryFolder folder = new();
        using LoadedModel model = ModelLoader.Open(folder.Write("m.gguf", TinyModels.Gguf().Build()));
        Assert.Equal(TinyModels.Layers, model.Config.Layers);
        Assert.Equal([2], model.Config.EndTokens);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void Fault_is_named(string name)
    {
        using TemporaryFolder folder = new();
        GgufBuilder builder = TinyModels.Gguf();
        _faults[name].Break(builder);
        string path = folder.Write("m.gguf", builder.Build());
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => ModelLoader.Open(path));
        Assert.Contains(_faults[name].Fault, error.Fault);
        Assert.Equal(path, error.File);
    }

    [Fact]
    public void Every_truncation_is_noticed()
    {
        using TemporaryFolder folder = new();
        byte[] whole = TinyModels.Gguf().Build();
        for (int length = 0; length < whole.Length; length += length < 3000 ? 7 : 501)
        {
            string path = folder.Write("m.gguf", whole[..length]);
            Assert.Throws<ModelFormatException>(() => ModelLoader.Open(path));
        }
    }

    /// <summary>Names are part of error messages; building those must not cost anything while nothing is wrong.</summary>
    [Fact]
    public void Long_names_and_many_small_arrays_cost_no_more_than_the_file()
    {
        const int Arrays = 20_000;
        byte[] emptyArray = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] nested =
        [
            9, 0, 0, 0, 9, 0, 0, 0, .. BitConverter.GetBytes((ulong)Arrays),
            .. Enumerable.Repeat(emptyArray, Arrays).SelectMany(b => b),
        ];
        GgufBuilder builder = TinyModels.Gguf();
        builder.Set(new string('k', 60_000), nested);
        using TemporaryFolder folder = new();
        byte[] file = builder.Build();
        string path = folder.Write("m.gguf", file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ModelLoader.Open(path).Dispose();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16L * file.Length);
    }

    [Theory]
    [InlineData(ElementType.F16)]
    [InlineData(ElementType.BF16)]
    [InlineData(ElementType.F32)]
    [InlineData(ElementType.Q4_0)]
    [InlineData(ElementType.Q4_1)]
    [InlineData(ElementType.Q5_0)]
    [InlineData(ElementType.Q5_1)]
    [InlineData(ElementType.Q8_0)]
    [InlineData(ElementType.Q2_K)]
    [InlineData(ElementType.Q3_K)]
    [InlineData(ElementType.Q4_K)]
    [InlineData(ElementType.Q5_K)]
    [InlineData(ElementType.Q6_K)]
    public void A_block_is_finite_exactly_if_its_weights_are(ElementType type)
    {
        int bytes = ElementTypes.BlockBytes(type);
        int elements = ElementTypes.BlockElements(type);
        Random random = new(7);
        int infinite = 0;
        for (int round = 0; round < 20000; round++)
        {
            byte[] block = new byte[bytes];
            random.NextBytes(block);
            float[] weights = new float[elements];
            Dequantizer.ToSingle(type, block, weights);
            bool finite = weights.All(float.IsFinite);
            infinite += finite ? 0 : 1;
            Assert.Equal(finite, FiniteCheck.IsFinite(type, block));
        }

        Assert.True(infinite > 0);
    }

    private static void Poison(byte[] data, float value) => MemoryMarshal.Write(data.AsSpan(12), value);
}
