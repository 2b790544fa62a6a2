using System.Text;

namespace KVCluster.Inference.Tokenization;

/// <summary>
/// Text of ids as they come. A token may end inside a character: its bytes are held back until the rest is there, so what is returned
/// is whole characters, and all of it together is what <see cref="Tokenizer.Decode"/> gives. Not for several threads at once.
/// </summary>
public sealed class StreamingDetokenizer
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecial;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _chars = new char[64];

    /// <summary>Starts an empty text.</summary>
    public StreamingDetokenizer(Tokenizer tokenizer, bool skipSpecial = false)
    {
        _tokenizer = tokenizer;
        _skipSpecial = skipSpecial;
    }

    /// <summary>
    /// The text that one more id completes; empty where a character is still open. Throws <see cref="InputException"/> on an id out of
    /// range.
    /// </summary>
    public string Push(int id)
    {
        ReadOnlySpan<byte> bytes = _tokenizer.TokenBytes(id);
        return _skipSpecial && _tokenizer.IsSpecial(id) ? "" : Decode(bytes, flush: false);
    }

    /// <summary>As <see cref="Push(int)"/>, for several ids.</summary>
    public string Push(ReadOnlySpan<int> ids)
    {
        var text = new StringBuilder();
        foreach (int id in ids)
        {
            text.Append(Push(id));
        }

        return text.ToString();
    }

    /// <summary>Ends the text: a character that never became whole comes out as U+FFFD. The next id starts a new text.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        int most = Encoding.UTF8.GetMaxCharCount(bytes.Length + 4);
        if (most > _chars.Length)
        {
            _chars = new char[most];
        }

        int count = _decoder.GetChars(bytes, _chars, flush);
        return count == 0 ? "" : new string(_chars, 0, count);
    }
}
