namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>
/// A template that cannot be read or run. Never leaves the assembly: its message goes into one that also names file and line.
/// </summary>
internal sealed class TemplateException : Exception
{
    public TemplateException(string message, int? line = null)
        : base(message)
    {
        Line = line;
    }

    /// <summary>Line of the template, where the thrower knows it.</summary>
    public int? Line { get; }
}
