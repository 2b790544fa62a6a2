using System.Text;
using Spectre.Console;

namespace KVCluster.Silo.Terminals;

/// <summary>
/// The three streams of a run and which of them a person sits at. What machines read goes to <see cref="Output"/>; progress, figures and
/// errors go to <see cref="Error"/>.
/// </summary>
internal sealed class Terminal
{
    private readonly Lazy<IAnsiConsole> _outputConsole;
    private readonly Lazy<IAnsiConsole> _errorConsole;

    public Terminal(TextReader input, TextWriter output, TextWriter error)
    {
        Input = input;
        Output = output;
        Error = error;
        _outputConsole = new(() => Create(Output, OutputIsConsole));
        _errorConsole = new(() => Create(Error, ErrorIsConsole));
    }

    public TextReader Input { get; }

    public TextWriter Output { get; }

    public TextWriter Error { get; }

    /// <summary>Lines come from a person.</summary>
    public bool InputIsConsole { get; init; }

    /// <summary>Colours and the terminal's own width may be used on standard output.</summary>
    public bool OutputIsConsole { get; init; }

    /// <summary>Progress bars may be drawn on standard error.</summary>
    public bool ErrorIsConsole { get; init; }

    /// <summary>Tables and pictures on standard output.</summary>
    public IAnsiConsole OutputConsole => _outputConsole.Value;

    /// <summary>Tables, pictures and progress on standard error.</summary>
    public IAnsiConsole ErrorConsole => _errorConsole.Value;

    /// <summary>The streams of this process, in UTF-8.</summary>
    public static Terminal OfProcess()
    {
        UTF8Encoding encoding = new(encoderShouldEmitUTF8Identifier: false);
        StreamReader input = new(Console.OpenStandardInput(), encoding);
        StreamWriter output = new(Console.OpenStandardOutput(), encoding) { AutoFlush = true };
        StreamWriter error = new(Console.OpenStandardError(), encoding) { AutoFlush = true };
        return new Terminal(Console.IsInputRedirected ? input : Console.In, output, error)
        {
            InputIsConsole = !Console.IsInputRedirected,
            OutputIsConsole = !Console.IsOutputRedirected,
            ErrorIsConsole = !Console.IsErrorRedirected,
        };
    }

    /// <summary>A console that writes plain text of a width, for files.</summary>
    public static IAnsiConsole Plain(TextWriter writer, int width)
    {
        IAnsiConsole console = Create(writer, interactive: false);
        console.Profile.Width = width;
        return console;
    }

    private static IAnsiConsole Create(TextWriter writer, bool interactive)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new TerminalOutput(writer, interactive),
            Ansi = interactive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = interactive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = interactive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        console.Profile.Capabilities.Unicode = true;
        return console;
    }
}
