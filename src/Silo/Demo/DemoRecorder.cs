using KVCluster.Silo.Terminals;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace KVCluster.Silo.Demo;

/// <summary>Writes what the live view shows to a file, as text.</summary>
internal sealed class DemoRecorder : IDisposable
{
    private const int Width = 150;
    private readonly StreamWriter _file;
    private readonly IAnsiConsole _console;

    /// <exception cref="Inference.InputException">The file cannot be written.</exception>
    public DemoRecorder(string path)
    {
        try
        {
            _file = new StreamWriter(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new Inference.InputException($"--record: {e.Message}");
        }

        _console = Terminal.Plain(_file, Width);
    }

    public void Write(double seconds, IRenderable picture)
    {
        _file.WriteLine($"{seconds:0.0} s");
        _console.Write(picture);
        _file.WriteLine();
    }

    public void Dispose() => _file.Dispose();
}
