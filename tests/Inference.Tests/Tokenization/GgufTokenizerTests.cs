using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Inference.Tests.Tokenization;

public class GgufTokenizerTests
{
    [Fact]
    public void Special_and_user_defined_tokens_are_told_apart()
    {
        Tokenizer tokenizer = Tokenizer.FromGguf(Metadata());
        Assert.Equal([259, 256, 257], tokenizer.Encode("he<|end|><tag>", parseSpecial: true));
        int[] plain = tokenizer.Encode("<|end|><tag><pad>", parseSpecial: false);
        Assert.DoesNotContain(256, plain);
        Assert.DoesNotContain(258, plain);
        Assert.Contains(257, plain);
        Assert.True(tokenizer.IsSpecial(256));
        Assert.False(tokenizer.IsSpecial(257));
        Assert.Equal(256, tokenizer.EosId);
        Assert.Null(tokenizer.BosId);
        Assert.False(tokenizer.AddBos);
        Assert.Equal(260, tokenizer.VocabularySize);
    }

    [Fact]
    public void Named_tokens_are_special_where_types_are_absent()
    {
        Dictionary<string, object> metadata = Metadata();
        metadata.Remove("tokenizer.ggml.token_type");
        Assert.True(Tokenizer.FromGguf(metadata).IsSpecial(256));
    }

    [Fact]
    public void Llama3_takes_whole_pieces_and_begins_texts()
    {
        Dictionary<string, object> metadata = Metadata();
        metadata["tokenizer.ggml.pre"] = "llama-bpe";
        metadata["tokenizer.ggml.bos_token_id"] = 256u;
        metadata["tokenizer.ggml.merges"] = Array.Empty<string>();
        Tokenizer tokenizer = Tokenizer.FromGguf(metadata);
        Assert.True(tokenizer.AddBos);
        Assert.Equal([259], tokenizer.Encode("he", parseSpecial: true));
        metadata["tokenizer.ggml.add_bos_token"] = false;
        Assert.False(Tokenizer.FromGguf(metadata).AddBos);
    }

    [Theory]
    [InlineData("model", "llama", "llama")]
    [InlineData("model", null, "model is missing")]
    [InlineData("model", 5, "Int32")]
    [InlineData("pre", "deepseek-llm", "deepseek-llm")]
    [InlineData("pre", null, "pre is missing")]
    [InlineData("tokens", null, "tokens is missing")]
    [InlineData("tokens", new[] { 1 }, "Int32[]")]
    [InlineData("merges", new[] { "he" }, "'he'")]
    [InlineData("merges", new[] { "h q\u0100" }, "q\u0100")]
    [InlineData("token_type", new[] { 1, 1 }, "2 entries")]
    [InlineData("eos_token_id", 260u, "260")]
    [InlineData("eos_token_id", "256", "256")]
    [InlineData("add_bos_token", 1, "Int32")]
    public void What_is_wrong_is_named(string key, object? value, string fault)
    {
        Dictionary<string, object> metadata = Metadata();
        metadata.Remove("tokenizer.ggml." + key);
        if (value is not null)
        {
            metadata["tokenizer.ggml." + key] = value;
        }

        string message = Assert.Throws<ModelFormatException>(() => Tokenizer.FromGguf(metadata, "some.gguf")).Message;
        Assert.Contains(fault, message, StringComparison.Ordinal);
        Assert.Contains("some.gguf", message, StringComparison.Ordinal);
    }

    private static Dictionary<string, object> Metadata()
    {
        string[] tokens =
        [
            .. Enumerable.Range(0, 256).Select(b => ByteAlphabet.ToChar((byte)b).ToString()),
            "<|end|>",
            "<tag>",
            "<pad>",
            "he",
        ];
        int[] types = Enumerable.Repeat(1, tokens.Length).ToArray();
        (types[256], types[257], types[258]) = (3, 4, 5);
        return new Dictionary<string, object>
        {
            ["tokenizer.ggml.model"] = "gpt2",
            ["tokenizer.ggml.pre"] = "gpt-2",
            ["tokenizer.ggml.tokens"] = tokens,
            ["tokenizer.ggml.token_type"] = types,
            ["tokenizer.ggml.merges"] = new[] { "h e" },
            ["tokenizer.ggml.eos_token_id"] = 256u,
        };
    }
}
