using System.Text;

namespace KVCluster.Grains;

/// <summary>
/// The part of an answer that its reader has. When the request is sent again the answer comes from its beginning, token by token or, where
/// the turn became durable, in one piece: only what the reader lacks is passed on.
/// </summary>
/// <param name="changed">Makes the error of another answer, from how many tokens the reader has and why the answer came again.</param>
internal sealed class ShownAnswer(Func<int, Exception?, Exception> changed)
{
    private readonly List<int> _tokens = [];
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _replayed = new();
    private Exception? _cause;
    private int _at;
    private bool _isReplay;

    /// <summary>The answer comes again from its beginning.</summary>
    public void Restart(Exception cause)
    {
        _cause = cause;
        _at = 0;
        _replayed.Clear();
        _isReplay = _tokens.Count > 0;
    }

    /// <summary>What of a chunk the reader lacks; null: nothing.</summary>
    /// <exception cref="Exception">It is another answer.</exception>
    public TokenChunk? Take(TokenChunk chunk)
    {
        TokenChunk? rest = _isReplay ? Replayed(chunk) : chunk;
        if (rest is not null)
        {
            _tokens.AddRange(rest.Tokens);
            _text.Append(rest.Text);
        }

        return rest;
    }

    private TokenChunk? Replayed(TokenChunk chunk)
    {
        foreach (int token in chunk.Tokens)
        {
            if (_at < _tokens.Count && _tokens[_at] != token)
            {
                throw Changed();
            }

            _at++;
        }

        _replayed.Append(chunk.Text);
        if (_at < _tokens.Count)
        {
            return chunk.Result is null ? null : throw Changed();
        }

        string text = _replayed.ToString();
        string shown = _text.ToString();
        if (!text.StartsWith(shown, StringComparison.Ordinal))
        {
            throw Changed();
        }

        _isReplay = false;
        int[] tokens = chunk.Tokens[^(_at - _tokens.Count)..];
        string rest = text[shown.Length..];
        return tokens.Length > 0 || rest.Length > 0 || chunk.Result is not null ? chunk with { Tokens = tokens, Text = rest } : null;
    }

    private Exception Changed() => changed(_tokens.Count, _cause);
}
