using KVCluster.Inference;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Generating;

/// <summary>Where the prompt comes from: the option, a file, or standard input.</summary>
internal static class PromptText
{
    /// <exception cref="InputException">It is given twice, cannot be read, or is empty.</exception>
    public static string Read(Terminal terminal, string? prompt, string? file)
    {
        if (prompt is not null && file is not null)
        {
            throw new InputException("--prompt and --prompt-file are both given: give one");
        }

        if (file is not null)
        {
            return TextFiles.Read(file, "prompt file");
        }

        if (prompt is null && terminal.InputIsConsole)
        {
            throw new InputException("no prompt: give --prompt, --prompt-file, or text on standard input");
        }

        string text = prompt ?? terminal.Input.ReadToEnd();
        return text.Length > 0 ? text : throw new InputException("the prompt is empty");
    }
}
