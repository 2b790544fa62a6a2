using KVCluster.Inference.Tokenization;

namespace KVCluster.Inference.Tests.Tokenization;

/// <summary>Splits worked out by hand from the patterns; '|' stands between pieces.</summary>
public class PreTokenizerTests
{
    [Theory]
    [InlineData("gpt-2", "Hello world", "Hello| world")]
    [InlineData("gpt-2", "I'm he'll they've", "I|'m| he|'ll| they|'ve")]
    [InlineData("gpt-2", "I'M", "I|'|M")]
    [InlineData("gpt-2", "it\u2019s", "it|\u2019|s")]
    [InlineData("gpt-2", "a  b   c", "a| | b|  | c")]
    [InlineData("gpt-2", "end  ", "end|  ")]
    [InlineData("gpt-2", "x\n\ny", "x|\n|\n|y")]
    [InlineData("gpt-2", "abc123 4567", "abc|123| 4567")]
    [InlineData("gpt-2", "a!! ?b", "a|!!| ?|b")]
    [InlineData("gpt-2", "\u00A0x", "\u00A0|x")]
    [InlineData("default", "v1.25", "v|1|.|25")]
    [InlineData("smollm", "a 12", "a| |1|2")]
    [InlineData("smollm", "x\u00BD\u0663y", "x|\u00BD|\u0663|y")]
    [InlineData("smollm", "I'm 5", "I|'m| |5")]
    [InlineData("llama-bpe", "1234567", "123|456|7")]
    [InlineData("llama-bpe", "I'M HE'LL", "I|'M| HE|'LL")]
    [InlineData("llama-bpe", "x'\u017Fx", "x|'\u017F|x")]
    [InlineData("llama-bpe", "a 12345", "a| |123|45")]
    [InlineData("llama-bpe", "foo.bar(baz)", "foo|.bar|(baz|)")]
    [InlineData("llama-bpe", "a;\n\nb", "a|;\n\n|b")]
    [InlineData("llama-bpe", "x  \n\n  y", "x|  \n\n| | y")]
    [InlineData("llama-bpe", "\r\n\tx", "\r\n|\tx")]
    [InlineData("llama-bpe", "a \u00A0\u3000b", "a| \u00A0|\u3000b")]
    [InlineData("llama-bpe", "\u4F60\u597D, \u4E16\u754C", "\u4F60\u597D|,| \u4E16\u754C")]
    [InlineData("qwen2", "a 123", "a| |1|2|3")]
    [InlineData("qwen2", "It's 3pm\n", "It|'s| |3|pm|\n")]
    [InlineData("qwen2", "#include <x>", "#include| <|x|>")]
    [InlineData("qwen2", "e\u0301x", "e|\u0301x")]
    public void Text_splits_as_the_pattern_says(string name, string text, string expected) => AssertSplit(name, text, expected);

    // Letters (Deseret, Gothic), numbers (mathematical digits) and symbols (emoji) beyond the basic plane are what they are, not
    // surrogates.
    [Theory]
    [InlineData("gpt-2", "\U00010428\U00010429 \U00010330", "\U00010428\U00010429| \U00010330")]
    [InlineData("gpt-2", "a\U0001D7D9\U0001D7DAb", "a|\U0001D7D9\U0001D7DA|b")]
    [InlineData("gpt-2", "a\U0001F600\U0001F601b", "a|\U0001F600\U0001F601|b")]
    [InlineData("smollm", "\U0001D7D9\U0001D7DA!", "\U0001D7D9|\U0001D7DA|!")]
    [InlineData("llama-bpe", "\U0001D7D9\U0001D7DA\U0001D7DB\U0001D7DC", "\U0001D7D9\U0001D7DA\U0001D7DB|\U0001D7DC")]
    [InlineData("llama-bpe", "\U0001F600abc", "\U0001F600abc")]
    [InlineData("llama-bpe", "\U0001F600\U0001F600abc", "\U0001F600\U0001F600|abc")]
    [InlineData("qwen2", "x \U00010428\U0001D7D9", "x| \U00010428|\U0001D7D9")]
    public void Characters_beyond_the_basic_plane_keep_their_category(string name, string text, string expected) =>
        AssertSplit(name, text, expected);

    [Fact]
    public void Pieces_cover_the_text_in_order()
    {
        var random = new Random(33);
        foreach (string name in (string[])["gpt-2", "llama-bpe", "qwen2", "smollm"])
        {
            for (int round = 0; round < 200; round++)
            {
                string text = RandomTexts.Next(random, 40);
                int at = 0;
                foreach ((int start, int length) in PreTokenizer.Named(name)!.Split(text))
                {
                    Assert.Equal(at, start);
                    Assert.True(length > 0 || text.Length == 0);
                    at += length;
                }

                Assert.Equal(text.Length, at);
            }
        }
    }

    [Theory]
    [InlineData(@"\p{L}+|\p{N}{1,3}", null)]
    [InlineData(@"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}]*[\p{Ll}\p{M}]+| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s+(?!\S)|\s+", null)]
    [InlineData(@"\p{L}++", "Nested quantifier")]
    [InlineData(@"\p{Han}+", "Han")]
    [InlineData(@"[a-z&&[aeiou]]", "&&")]
    [InlineData(@"^a", "^a")]
    [InlineData(@"(?>a)", "(?>a)")]
    [InlineData(@"\X", @"\X")]
    [InlineData("(", "(")]
    [InlineData("", "0 characters")]
    public void Patterns_that_the_engines_read_differently_are_refused(string pattern, string? fault)
    {
        if (fault is null)
        {
            Assert.NotNull(SplitPatterns.Compile(pattern));
        }
        else
        {
            Assert.Contains(fault, Assert.Throws<FormatException>(() => SplitPatterns.Compile(pattern)).Message, StringComparison.Ordinal);
        }
    }

    private static void AssertSplit(string name, string text, string expected)
    {
        IEnumerable<string> pieces = PreTokenizer.Named(name)!.Split(text).Select(p => text.Substring(p.Start, p.Length));
        Assert.Equal(expected, string.Join('|', pieces));
    }
}
