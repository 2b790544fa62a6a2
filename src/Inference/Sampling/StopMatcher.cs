using System.Text;

namespace KVCluster.Inference.Sampling;

/// <summary>
/// Looks for stop strings in a text that arrives in pieces. Text that may be the start of a stop string is held back until it is known
/// not to be; at the first stop string to be complete (the longest, where several end together) the text is cut before it and what
/// follows is dropped. What comes out does not depend on how the text was cut into pieces.
/// </summary>
public sealed class StopMatcher
{
    private readonly StopPattern[] _patterns;
    private readonly StringBuilder _held = new();

    /// <summary>A matcher at the start of an answer.</summary>
    /// <param name="stopStrings">Texts to stop at, compared by UTF-16 code unit; may be empty.</param>
    /// <exception cref="InputException">One of them is empty.</exception>
    public StopMatcher(IReadOnlyList<string> stopStrings)
    {
        SamplingOptions.ValidateStopStrings(stopStrings);
        _patterns = [.. stopStrings.Distinct().Select(text => new StopPattern(text))];
    }

    /// <summary>The stop string that was found, or null.</summary>
    public string? Match { get; private set; }

    /// <summary>A stop string was found: the generation should end.</summary>
    public bool IsStopped => Match is not null;

    /// <summary>Takes the next piece and returns the text that can be shown now.</summary>
    public string Push(string piece)
    {
        ArgumentNullException.ThrowIfNull(piece);
        if (IsStopped)
        {
            return "";
        }

        if (_patterns.Length == 0)
        {
            return piece;
        }

        foreach (char next in piece)
        {
            _held.Append(next);
            if (Advance(next) is { } found)
            {
                Match = found;
                _held.Length -= found.Length;
                return Flush();
            }
        }

        return Take(_held.Length - _patterns.Max(pattern => pattern.Matched));
    }

    /// <summary>The answer ended without a stop string: returns what was still held back.</summary>
    public string Flush() => Take(_held.Length);

    private string? Advance(char next)
    {
        string? found = null;
        foreach (StopPattern pattern in _patterns)
        {
            if (pattern.Advance(next) && pattern.Text.Length > (found?.Length ?? 0))
            {
                found = pattern.Text;
            }
        }

        return found;
    }

    private string Take(int length)
    {
        string text = _held.ToString(0, length);
        _held.Remove(0, length);
        return text;
    }
}
