using KVCluster.Silo.Options;

namespace KVCluster.Silo.Chatting;

/// <summary>A line typed into an interactive chat: a question, or a command that begins with a slash.</summary>
internal abstract record ChatInput
{
    public const string Help = """
        /keep R   cut the cache to a fraction R of what it holds, such as /keep 0.25
        /stats    tokens and bytes of the cache
        /exit     leave (so does the end of input)
        /help     this
        Ctrl+C breaks an answer off.
        """;

    /// <exception cref="Inference.InputException">An unknown command, or a fraction out of range.</exception>
    public static ChatInput Parse(string line)
    {
        string text = line.Trim();
        if (!text.StartsWith('/'))
        {
            return text.Length == 0 ? new Nothing() : new Question(text);
        }

        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            ["/help"] => new ShowHelp(),
            ["/stats"] => new ShowStats(),
            ["/exit"] or ["/quit"] => new Leave(),
            ["/keep", string fraction] => new Keep(Retention.Parse(fraction, "/keep")),
            ["/keep", ..] => throw new Inference.InputException("/keep needs one number, such as /keep 0.25"),
            _ => throw new Inference.InputException($"unknown command {words[0]}; there are /keep R, /stats, /help and /exit"),
        };
    }

    public sealed record Nothing : ChatInput;

    public sealed record Question(string Text) : ChatInput;

    public sealed record Keep(double Fraction) : ChatInput;

    public sealed record ShowStats : ChatInput;

    public sealed record ShowHelp : ChatInput;

    public sealed record Leave : ChatInput;
}
