using System.Text;

namespace KVCluster.Inference.Tests.Tokenization;

/// <summary>Random well-formed text that dwells on what tokenizers trip over.</summary>
internal static class RandomTexts
{
    private static readonly string[] _parts =
    [
        " ", "  ", "\n", "\r\n", "\t", "\u00A0", "\u3000", "'s", "'LL", "don't", "the", " The", "1", "42", " 2024", "\u0661", "\U0001D7D9", "\u00BD",
        "e\u0301", "\u00E9", "\u00DF", "\uAC01", "\u1100\u1161", "\u4F60\u597D", "\U00010428", "\U0001F600", "\U0001F468\u200D\U0001F469", "<|im_end|>",
        "<|im_", "end|>", "!", "...", "_", "#", "{%", "\0", "\u200B", "\uFFFD", "\uFFFF", "a", "zzzz",
    ];

    public static string Next(Random random, int mostParts)
    {
        var text = new StringBuilder();
        for (int left = random.Next(mostParts); left > 0; left--)
        {
            text.Append(random.Next(4) == 0 ? AnyRune(random).ToString() : _parts[random.Next(_parts.Length)]);
        }

        return text.ToString();
    }

    private static Rune AnyRune(Random random)
    {
        while (true)
        {
            int value = random.Next(random.Next(2) == 0 ? 0x500 : 0x110000);
            if (Rune.IsValid(value))
            {
                return new Rune(value);
            }
        }
    }
}
