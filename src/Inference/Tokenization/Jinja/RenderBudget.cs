namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>
/// Bounds what a template may do, however it is written: steps, characters copied, and the size of any one string. All are far above what
/// a chat needs, and grow with the messages.
/// </summary>
internal sealed class RenderBudget
{
    private const long BaseUnits = 10_000_000;
    private const int CharactersPerUnit = 4;
    private const long BaseLength = 1 << 22;
    private readonly long _longest;
    private long _unitsLeft;

    /// <summary>A budget for messages of so many characters.</summary>
    public RenderBudget(long inputLength)
    {
        _unitsLeft = BaseUnits + (inputLength * 4);
        _longest = BaseLength + (inputLength * 4);
    }

    /// <summary>Charges for steps of evaluation, or items of a list.</summary>
    public void Step(long count = 1)
    {
        _unitsLeft -= count;
        if (_unitsLeft < 0)
        {
            throw new TemplateException("it does not come to an end: too many steps");
        }
    }

    /// <summary>Charges for reading or copying so many characters, before a string of them is made.</summary>
    public void Characters(long length) => Grow(0, length);

    /// <summary>Charges for characters added to a text that has some already.</summary>
    public void Grow(long length, long added)
    {
        if (length + added > _longest)
        {
            throw new TemplateException($"it makes a text of more than {_longest} characters");
        }

        Step(1 + (added / CharactersPerUnit));
    }
}
