using KVCluster.Inference;

namespace KVCluster.Silo.Simulating;

/// <summary>A simulation's picture as a file.</summary>
internal static class SimulationPage
{
    /// <summary>Before a long run: is it a file that can be written?</summary>
    /// <exception cref="InputException">It is no picture's name, or in no folder.</exception>
    public static void Check(string? path)
    {
        if (path is null)
        {
            return;
        }

        if (Path.GetExtension(path) is not (".svg" or ".html"))
        {
            throw new InputException($"a plot is a file named .svg or .html, not '{path}'");
        }

        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
        {
            throw new InputException($"there is no folder '{folder}' to write a plot to");
        }
    }

    /// <summary>Writes it; a page holds the picture and needs nothing else.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static void Write(string path, SimulationTimeline timeline)
    {
        string svg = SimulationPicture.Svg(timeline);
        string text = Path.GetExtension(path) == ".svg" ? svg : $"""
            <!doctype html>
            <html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>A simulation</title>
            <body style="max-width:60em;margin:2em auto">
            {svg}</html>

            """;
        try
        {
            File.WriteAllText(path, text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"the plot cannot be written to '{path}': {error.Message}");
        }
    }
}
