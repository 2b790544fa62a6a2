using System.Diagnostics;
using KVCluster.Inference.Tokenization;
using Xunit.Abstractions;

namespace KVCluster.Inference.Tests.Tokenization;

/// <summary>Bounds far above what is needed, and far below what a quadratic loop would take.</summary>
public class TokenizerSpeedTests(ITestOutputHelper output)
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(8);

    [Theory]
    [InlineData("a document", "The clerk told the weaver about 42 hails; it's \u00E9t\u00E9.\n", 4000)]
    [InlineData("one letter", "a", 100_000)]
    [InlineData("two letters", "th", 100_000)]
    [InlineData("one space", " ", 100_000)]
    [InlineData("one mark", "\u0301", 100_000)]
    [InlineData("one emoji", "\U0001F600", 50_000)]
    [InlineData("digits", "7", 100_000)]
    [InlineData("special tokens", "<|im_end|>", 20_000)]
    [InlineData("almost special tokens", "<|im_end|", 20_000)]
    public void Long_texts_take_linear_time(string what, string part, int times)
    {
        string text = string.Concat(Enumerable.Repeat(part, times));
        foreach (bool parseSpecial in (bool[])[false, true])
        {
            var watch = Stopwatch.StartNew();
            int[] ids = Tokenizers.Needle.Encode(text, parseSpecial);
            output.WriteLine($"{what}: {text.Length} characters, {ids.Length} tokens, {watch.ElapsedMilliseconds} ms");
            Assert.True(watch.Elapsed < _bound, $"{what} took {watch.Elapsed}");
            Assert.Equal(text, Tokenizers.Needle.Decode(ids));
        }
    }

    [Theory]
    [InlineData("gpt-2")]
    [InlineData("llama-bpe")]
    [InlineData("qwen2")]
    [InlineData("smollm")]
    public void Splits_take_linear_time(string name)
    {
        foreach (string part in (string[])[" ", "\n", " \n", "a", "1", "!", "'s", "\u00A0 ", "\U0001F600"])
        {
            string text = string.Concat(Enumerable.Repeat(part, 100_000));
            var watch = Stopwatch.StartNew();
            PreTokenizer.Named(name)!.Split(text);
            PreTokenizer.Named(name)!.Split(text + "x");
            Assert.True(watch.Elapsed < _bound, $"'{part}' took {watch.Elapsed}");
        }
    }
}
