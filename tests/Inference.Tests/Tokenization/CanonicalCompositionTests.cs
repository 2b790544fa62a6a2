using KVCluster.Inference.Tokenization.Normalization;

namespace KVCluster.Inference.Tests.Tokenization;

public class CanonicalCompositionTests
{
    [Theory]
    [InlineData("plain \u00E9", "plain \u00E9")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("a\u0323\u0302", "\u1EAD")]
    [InlineData("a\u0302\u0323", "\u1EAD")]
    [InlineData("e\u0302\u0301", "\u1EBF")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("\u2126", "\u03A9")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01")]
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("\uF900", "\u8C48")]
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("e\u0315\u0301", "\u00E9\u0315")]
    [InlineData("e\u0301\u0301", "\u00E9\u0301")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    [InlineData("a\u0327\U0001F600", "a\u0327\U0001F600")]
    [InlineData(">\u0338", "\u226F")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    public void Text_is_brought_to_form_C(string text, string composed)
    {
        Assert.Equal(composed, CanonicalComposition.Normalize(text));
        Assert.Equal(composed, CanonicalComposition.Normalize(composed));
    }

    [Fact]
    public void A_long_run_of_marks_is_ordered_at_once()
    {
        string text = "a" + string.Concat(Enumerable.Repeat("\u0301\u0323", 50_000));
        string composed = CanonicalComposition.Normalize(text);
        Assert.StartsWith("\u1EA1\u0323", composed, StringComparison.Ordinal);
        Assert.EndsWith("\u0301", composed, StringComparison.Ordinal);
    }
}
