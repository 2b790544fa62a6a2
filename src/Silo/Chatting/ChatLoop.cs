using KVCluster.Compression;
using KVCluster.Inference;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Rendering;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Chatting;

/// <summary>A person types, the model answers. A question or command that cannot be done says so, and the chat goes on.</summary>
internal sealed class ChatLoop(Terminal terminal, Interrupt interrupt, ChatSession session)
{
    public int Run()
    {
        terminal.Error.WriteLine("Type a question; /help lists commands.");
        while (true)
        {
            terminal.Output.Write("> ");
            terminal.Output.Flush();
            if (interrupt.Waiting(terminal.Input.ReadLine) is not { } line)
            {
                terminal.Output.WriteLine();
                return ExitCode.Success;
            }

            if (!TryObey(line))
            {
                return ExitCode.Success;
            }
        }
    }

    /// <summary>False: the person leaves.</summary>
    private bool TryObey(string line)
    {
        try
        {
            ChatInput input = ChatInput.Parse(line);
            Obey(input);
            return input is not ChatInput.Leave;
        }
        catch (Exception e) when (e is InputException or PolicyException)
        {
            terminal.Error.WriteLine(e.Message);
        }
        catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
        {
        }

        if (interrupt.Token.IsCancellationRequested)
        {
            interrupt.Renew();
        }

        return true;
    }

    private void Obey(ChatInput input)
    {
        switch (input)
        {
            case ChatInput.Question question:
                ShownTurn.Ask(terminal, session, question.Text, interrupt.Token);
                interrupt.Token.ThrowIfCancellationRequested();
                break;
            case ChatInput.Keep keep:
                CompressionView.Write(terminal, session.Compress(keep.Fraction, interrupt.Token));
                break;
            case ChatInput.ShowStats:
                terminal.Error.WriteLine($"[{session.Tokens:N0} tokens, cache {Amount.Bytes(session.CacheBytes)}]");
                break;
            case ChatInput.ShowHelp:
                terminal.Error.WriteLine(ChatInput.Help);
                break;
        }
    }
}
