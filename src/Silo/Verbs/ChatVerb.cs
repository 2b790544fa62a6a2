using System.CommandLine;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Silo.Chatting;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Options;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary><c>chat</c>: talks, at first perhaps about a document whose cache is cut.</summary>
internal static class ChatVerb
{
    private const int DefaultMaxTokens = 256;

    public static Command Create(Terminal terminal, Interrupt interrupt)
    {
        ModelOptionSet models = new(bundledByDefault: true, calibrated: true);
        SamplingOptionSet sampling = new(DefaultMaxTokens);
        CompressionOptionSet compression = new();
        Option<string?> document = OptionOf.Text("--document", "a text file to talk about", "FILE");
        Option<string?> system = OptionOf.Text("--system", "the system message", "TEXT");
        Option<string[]> questions = OptionOf.Texts("--question", "ask this and leave; may be given many times", "TEXT");
        Option<double?> keep = OptionOf.Number<double>("--keep", "fraction of the document's cache that stays, such as 0.25");
        Option<bool> json = JsonOutput.Option();
        Command command = new("chat", "Talk to a model, alone or about a document.") { document, system, questions, keep };
        compression.AddTo(command);
        models.AddTo(command);
        sampling.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            ChatSettings settings = new()
            {
                Sampling = sampling.Read(parsed),
                Policy = compression.Read(parsed),
                System = parsed.GetValue(system),
                Keep = parsed.GetValue(keep),
                Questions = Questions(terminal, parsed.GetValue(questions) ?? []),
                Document = parsed.GetValue(document) is { } path ? TextFiles.Read(path, "document") : null,
                Model = models.Read(parsed),
            };
            Check(settings, parsed.GetValue(json));
            return ChatRun.Run(terminal, interrupt, settings, parsed.GetValue(json));
        });
        return command;
    }

    // Without a terminal to type at, each line of standard input is a question.
    private static IReadOnlyList<string> Questions(Terminal terminal, string[] given)
    {
        if (given.Any(string.IsNullOrWhiteSpace))
        {
            throw new InputException("--question is empty");
        }

        if (given.Length > 0 || terminal.InputIsConsole)
        {
            return given;
        }

        List<string> lines = [];
        while (terminal.Input.ReadLine() is { } line)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                lines.Add(line.Trim());
            }
        }

        return lines.Count > 0 ? lines : throw new InputException("no question: give --question, or lines on standard input");
    }

    private static void Check(ChatSettings settings, bool json)
    {
        if (settings.Keep is { } keep)
        {
            _ = Retention.ToRatio(keep);
            if (settings.Document is null)
            {
                throw new InputException("--keep cuts the cache of a document: give --document (while chatting, /keep cuts it)");
            }

            if (settings.Policy.Request.Attention?.Source == AttentionSource.Task && settings.Questions.Count == 0)
            {
                throw new InputException("scores by the task need the questions beforehand: give --question");
            }
        }

        if (json && settings.Questions.Count == 0)
        {
            throw new InputException("--json needs --question");
        }
    }
}
