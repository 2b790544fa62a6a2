using KVCluster.Inference.Sampling;

namespace KVCluster.Inference.Tests.Sampling;

public class StopMatcherTests
{
    [Theory]
    [InlineData("hello world", "", "hello world", null)]
    [InlineData("hello world", "wor", "hello ", "wor")]
    [InlineData("hello wo", "world", "hello wo", null)]
    [InlineData("aab", "ab", "a", "ab")]
    [InlineData("abababac!", "ababac", "ab", "ababac")]
    [InlineData("stop", "stop", "", "stop")]
    [InlineData("xabcd", "bc|abcd", "xa", "bc")]
    [InlineData("xabc", "bc|abc|c", "x", "abc")]
    [InlineData("\n\nUser: hi", "\nUser:|</s>", "\n", "\nUser:")]
    [InlineData("caf\u00e9 \U0001F600!", "\U0001F600", "caf\u00e9 ", "\U0001F600")]
    [InlineData("\U0001F601\U0001F600", "\U0001F600", "\U0001F601", "\U0001F600")]
    public void Cuts_at_the_stop_string_however_the_text_is_split(string text, string stops, string expected, string? match)
    {
        string[] stopStrings = stops.Length == 0 ? [] : stops.Split('|');
        foreach (string[] pieces in AllSplits(text))
        {
            StopMatcher matcher = new(stopStrings);

            string shown = string.Concat(pieces.Select(matcher.Push)) + matcher.Flush();

            Assert.Equal(expected, shown);
            Assert.Equal(match, matcher.Match);
            Assert.Equal(match is not null, matcher.IsStopped);
        }
    }

    [Fact]
    public void Any_text_and_stop_strings_match_the_plain_search_in_every_split()
    {
        Random random = new(41);
        for (int round = 0; round < 1000; round++)
        {
            string text = Word(random, random.Next(0, 10));
            string[] stops = [.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => Word(random, random.Next(1, 5)))];
            (string expected, string? match) = PlainSearch(text, stops);
            foreach (string[] pieces in AllSplits(text))
            {
                StopMatcher matcher = new(stops);
                string shown = "";
                string seen = "";
                foreach (string piece in pieces)
                {
                    seen += piece;
                    shown += matcher.Push(piece);

                    // Nothing is shown that a stop string could still take back, and nothing is held without need.
                    Assert.Equal(matcher.IsStopped ? expected : seen[..^HeldBack(seen, stops)], shown);
                }

                Assert.Equal(expected, shown + matcher.Flush());
                Assert.Equal(match, matcher.Match);
            }
        }
    }

    [Fact]
    public void After_a_stop_nothing_comes_out()
    {
        StopMatcher matcher = new(["END"]);

        Assert.Equal("a", matcher.Push("aEN"));
        Assert.Equal("", matcher.Push("D more"));
        Assert.Equal("", matcher.Push("again"));
        Assert.Equal("", matcher.Flush());
        Assert.Equal("END", matcher.Match);
    }

    [Fact]
    public void A_long_stop_string_that_almost_matches_again_and_again_stays_fast()
    {
        string stop = new string('a', 20_000) + "b";
        StopMatcher matcher = new([stop]);
        string text = new('a', 400_000);

        string shown = matcher.Push(text);

        Assert.Equal(text.Length - 20_000, shown.Length);
        Assert.Equal("", matcher.Push("b"));
        Assert.Equal(stop, matcher.Match);
    }

    [Fact]
    public void An_empty_stop_string_is_refused() => Assert.Throws<InputException>(() => new StopMatcher([""]));

    private static string Word(Random random, int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(2))));

    /// <summary>Where the first stop string to be complete ends; the longest of those that end there.</summary>
    private static (string Shown, string? Match) PlainSearch(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
        {
            string? match = stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length);
            if (match is not null)
            {
                return (text[..(end - match.Length)], match);
            }
        }

        return (text, null);
    }

    private static int HeldBack(string seen, string[] stops) =>
        Enumerable.Range(0, seen.Length + 1).Where(length => stops.Any(stop => stop.StartsWith(seen[^length..], StringComparison.Ordinal)))
            .DefaultIfEmpty(0).Max();

    private static IEnumerable<string[]> AllSplits(string text)
    {
        for (int cuts = 0; cuts < 1 << Math.Max(0, text.Length - 1); cuts++)
        {
            List<string> pieces = [];
            int start = 0;
            for (int i = 1; i < text.Length; i++)
            {
                if ((cuts >> (i - 1) & 1) == 1)
                {
                    pieces.Add(text[start..i]);
                    start = i;
                }
            }

            yield return [.. pieces, text[start..]];
        }
    }
}
