using KVCluster.Silo.Hosting;
using KVCluster.Silo.Rendering;
using KVCluster.Silo.Reports;
using KVCluster.Silo.Sessions;
using KVCluster.Silo.Terminals;
using KVCluster.Silo.Verbs;
using KVCluster.Worker;

namespace KVCluster.Silo.Chatting;

/// <summary>Runs a chat: the document, the cut, then the questions given or typed.</summary>
internal static class ChatRun
{
    public static int Run(Terminal terminal, Interrupt interrupt, ChatSettings settings, bool json)
    {
        (LocalModel model, double seconds) = ModelOpening.Open(terminal, settings.Model);
        using LocalModel owned = model;
        _ = CalibrationNeed.Meet(model, settings.Keep is null ? [] : [settings.Policy]);
        using ChatSession session = new(terminal, model, settings);
        Prefill? document = settings.Document is null ? null : session.ReadDocument(interrupt.Token);
        CompressionRecord? compression = settings.Keep is { } keep ? session.Compress(keep, interrupt.Token) : null;
        if (!json)
        {
            Announce(terminal, document, compression);
        }

        if (settings.Questions.Count == 0)
        {
            return new ChatLoop(terminal, interrupt, session).Run();
        }

        List<ChatTurn> turns = [];
        foreach (string question in settings.Questions)
        {
            turns.Add(json ? session.Ask(question, show: null, interrupt.Token) : AskAloud(terminal, session, question, interrupt.Token));
            interrupt.Token.ThrowIfCancellationRequested();
        }

        if (json)
        {
            ChatReport report = new()
            {
                Model = ModelUse.Of(model, settings.Model, seconds),
                Document = document,
                Compression = compression,
                Turns = turns,
                Tokens = session.Tokens,
                CacheBytes = session.CacheBytes,
            };
            JsonOutput.Write(terminal, report, JsonReports.Default.ChatReport);
        }

        return ExitCode.Success;
    }

    private static ChatTurn AskAloud(Terminal terminal, ChatSession session, string question, CancellationToken cancellationToken)
    {
        terminal.Output.WriteLine($"> {question}");
        return ShownTurn.Ask(terminal, session, question, cancellationToken);
    }

    private static void Announce(Terminal terminal, Prefill? document, CompressionRecord? compression)
    {
        if (document is not null)
        {
            terminal.Error.WriteLine($"[document {Figures.Read(document)}]");
        }

        if (compression is not null)
        {
            CompressionView.Write(terminal, compression);
        }
    }
}
