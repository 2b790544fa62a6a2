using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>
/// A parsed template of the subset of Jinja that chat templates are written in. Whatever is outside the subset is refused when it is
/// parsed. Templates come with model files, so they are not trusted: steps, text and depth are bounded, and nothing outside can be reached.
/// </summary>
internal sealed class Template
{
    private const int LongestSource = 1 << 20;
    private readonly string _file;
    private readonly IReadOnlyList<Statement> _statements;

    private Template(string file, IReadOnlyList<Statement> statements)
    {
        _file = file;
        _statements = statements;
    }

    /// <summary>Parses a template. Throws <see cref="ModelFormatException"/> naming the file, the line and the construct.</summary>
    public static Template Parse(string file, string source)
    {
        if (source.Length > LongestSource)
        {
            throw new ModelFormatException(file, $"a chat template of {source.Length} characters");
        }

        try
        {
            return new Template(file, StatementParser.Parse(source));
        }
        catch (TemplateException e)
        {
            throw new ModelFormatException(file, $"chat template, line {e.Line}: {e.Message}", e);
        }
    }

    /// <summary>
    /// Runs the template. Throws <see cref="InputException"/> where it refuses the variables, fails on them, or exceeds its bounds, which
    /// grow with <paramref name="inputLength"/>, the characters in the variables.
    /// </summary>
    public IReadOnlyList<TextSegment> Render(IEnumerable<(string Name, object? Value)> variables, long inputLength, TimeProvider time)
    {
        var scope = new Scope(null);
        foreach ((string name, object? value) in variables)
        {
            scope.Set(name, value);
        }

        var renderer = new Renderer(new RenderBudget(inputLength), time, scope);
        try
        {
            return renderer.Run(_statements).ToSegments();
        }
        catch (TemplateException e)
        {
            throw new InputException($"{_file}: chat template, line {e.Line ?? renderer.Line}: {e.Message}", e);
        }
        catch (InsufficientExecutionStackException e)
        {
            throw new InputException($"{_file}: chat template, line {renderer.Line}: it nests too deeply", e);
        }
    }
}
