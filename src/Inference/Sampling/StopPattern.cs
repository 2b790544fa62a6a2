namespace KVCluster.Inference.Sampling;

/// <summary>One text looked for in a stream of characters (Knuth, Morris and Pratt, 1977): each character is looked at once.</summary>
internal sealed class StopPattern
{
    private readonly int[] _failure;

    public StopPattern(string text)
    {
        Text = text;
        _failure = new int[text.Length];
        for (int i = 1; i < text.Length; i++)
        {
            _failure[i] = Extend(_failure[i - 1], text[i]);
        }
    }

    public string Text { get; }

    /// <summary>Length of the longest start of the text that the stream ends with.</summary>
    public int Matched { get; private set; }

    /// <summary>Takes the next character; true when the stream now ends with the whole text, after which no more may be given.</summary>
    public bool Advance(char next)
    {
        Matched = Extend(Matched, next);
        return Matched == Text.Length;
    }

    private int Extend(int matched, char next)
    {
        while (matched > 0 && Text[matched] != next)
        {
            matched = _failure[matched - 1];
        }

        return Text[matched] == next ? matched + 1 : matched;
    }
}
