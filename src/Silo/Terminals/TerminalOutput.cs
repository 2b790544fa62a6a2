using System.Text;
using Spectre.Console;

namespace KVCluster.Silo.Terminals;

/// <summary>
/// Tells Spectre what a writer leads to. Its own class only knows Console.Out and Console.Error, so it would take ours for files.
/// </summary>
internal sealed class TerminalOutput(TextWriter writer, bool isTerminal) : IAnsiConsoleOutput
{
    /// <summary>Columns of tables where no terminal says how wide it is.</summary>
    private const int DefaultWidth = 120;

    private const int DefaultHeight = 40;

    public TextWriter Writer => writer;

    public bool IsTerminal => isTerminal;

    public int Width => Size(() => Console.WindowWidth, DefaultWidth);

    public int Height => Size(() => Console.WindowHeight, DefaultHeight);

    // The streams are UTF-8 from the start.
    public void SetEncoding(Encoding encoding)
    {
    }

    private int Size(Func<int> ask, int otherwise)
    {
        if (!isTerminal)
        {
            return otherwise;
        }

        try
        {
            int size = ask();
            return size > 0 ? size : otherwise;
        }
        catch (IOException)
        {
            return otherwise;
        }
    }
}
