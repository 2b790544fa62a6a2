using System.Text;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>Puts marked strings together; neighbours of one mark become one run.</summary>
internal sealed class MarkedStringBuilder
{
    private readonly StringBuilder _text = new();
    private readonly List<(int End, bool FromUser)> _runs = [];

    public int Length => _text.Length;

    public void Append(MarkedString text) => Append(text, 0, text.Length);

    public void Append(MarkedString text, int start, int length)
    {
        foreach ((int at, int count, bool fromUser) in text.Runs(start, length))
        {
            Append(text.Text.AsSpan(at, count), fromUser);
        }
    }

    public void Append(ReadOnlySpan<char> text, bool fromUser)
    {
        if (text.IsEmpty)
        {
            return;
        }

        _text.Append(text);
        if (_runs.Count > 0 && _runs[^1].FromUser == fromUser)
        {
            _runs[^1] = (_text.Length, fromUser);
        }
        else
        {
            _runs.Add((_text.Length, fromUser));
        }
    }

    public MarkedString ToMarked() => _runs.Count == 0 ? MarkedString.Empty : new(_text.ToString(), [.. _runs]);

    /// <summary>The text as segments, of which no two neighbours have the same mark.</summary>
    public List<TextSegment> ToSegments()
    {
        string text = _text.ToString();
        List<TextSegment> segments = new(_runs.Count);
        int start = 0;
        foreach ((int end, bool fromUser) in _runs)
        {
            segments.Add(new TextSegment(text[start..end], fromUser));
            start = end;
        }

        return segments;
    }
}
