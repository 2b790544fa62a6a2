using System.Text;

namespace KVCluster.Grains;

/// <summary>
/// An answer's text as it comes, and the calls in it once it is whole. What may turn out to be a call is held back from whoever reads along.
/// </summary>
/// <param name="mayCall">Whether calls are looked for.</param>
public sealed class AnswerText(bool mayCall)
{
    private readonly StringBuilder _text = new();
    private int _taken;
    private bool _ended;

    /// <summary>All of it; once ended, without the calls.</summary>
    public string Text => _text.ToString();

    /// <summary>Set by <see cref="End"/>, in order.</summary>
    public IReadOnlyList<ParsedCall> Calls { get; private set; } = [];

    /// <summary>More of the answer.</summary>
    public void Append(string text) => _text.Append(text);

    /// <summary>The answer is whole.</summary>
    public void End()
    {
        _ended = true;
        if (mayCall)
        {
            (string text, Calls) = ToolCallParser.Parse(Text);
            _text.Clear().Append(text);
        }
    }

    /// <summary>Text that may be shown and was not taken yet.</summary>
    public string Take()
    {
        if (mayCall && !_ended && ToolCallParser.MayBeCall(Text))
        {
            return "";
        }

        string fresh = _taken < _text.Length ? _text.ToString(_taken, _text.Length - _taken) : "";
        _taken = Math.Max(_taken, _text.Length);
        return fresh;
    }
}
