using System.Text.Json;
using KVCluster.TestSupport;

namespace KVCluster.Silo.Tests.Verbs;

public class ModelInfoTests
{
    [Fact]
    public void Dimensions_are_those_of_the_configuration()
    {
        JsonElement info = CommandRun.Of("model", "info", TestPaths.Needle, "--json").Json();
        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestPaths.Needle, "config.json")));
        foreach ((string name, string key) in new[]
        {
            ("layers", "num_hidden_layers"), ("hiddenSize", "hidden_size"), ("queryHeads", "num_attention_heads"),
            ("kvHeads", "num_key_value_heads"), ("feedForwardSize", "intermediate_size"), ("vocabulary", "vocab_size"),
            ("context", "max_position_embeddings"),
        })
        {
            Assert.Equal(file.RootElement.GetProperty(key).GetInt32(), info.GetProperty(name).GetInt32());
        }

        Assert.Equal("huggingface", info.GetProperty("format").GetString());
        Assert.Equal("default", info.GetProperty("rope").GetString());
        Assert.True(info.GetProperty("chatTemplate").GetBoolean());
        Assert.Equal(64, info.GetProperty("fingerprint").GetString()!.Length);
    }

    [Fact]
    public void Sizes_add_up()
    {
        JsonElement info = CommandRun.Of("model", "info", TestPaths.Needle, "--json").Json();
        Assert.Equal(1_328_832, info.GetProperty("parameters").GetInt64());
        JsonElement type = Assert.Single(info.GetProperty("storedTypes").EnumerateArray());
        Assert.Equal("BF16", type.GetProperty("type").GetString());

        int rows = 2 * info.GetProperty("layers").GetInt32() * info.GetProperty("kvHeads").GetInt32();
        int numbers = rows * info.GetProperty("headSize").GetInt32();
        JsonElement bytes = info.GetProperty("kvBytesPerToken");
        Assert.Equal(4 * numbers, bytes.GetProperty("f32").GetInt32());
        Assert.Equal(2 * numbers, bytes.GetProperty("bf16").GetInt32());
        Assert.Equal(numbers + (4 * rows), bytes.GetProperty("int8").GetInt32());
    }

    [Fact]
    public void People_get_the_same_in_a_table()
    {
        CommandRun run = CommandRun.Of("model", "info", TestPaths.Needle);
        Assert.Equal(0, run.ExitCode);
        string fingerprint = CommandRun.Of("model", "info", TestPaths.Needle, "--json").Json().GetProperty("fingerprint").GetString()!;
        Assert.All(
            [TestPaths.Needle, "1.33 M", "4,096 tokens", "BF16", "1.00 KiB", fingerprint],
            text => Assert.Contains(text, run.Output, StringComparison.Ordinal));
    }

    [GoldenFact("smollm2", needsSmolLm2: true)]
    [Trait("Category", "Goldens")]
    public void A_gguf_file_is_described_too()
    {
        JsonElement info = CommandRun.Of("model", "info", TestPaths.SmolLm2!, "--json").Json();
        Assert.Equal("gguf", info.GetProperty("format").GetString());
        Assert.True(info.GetProperty("chatTemplate").GetBoolean());
        Assert.NotEmpty(info.GetProperty("storedTypes").EnumerateArray());
    }
}
