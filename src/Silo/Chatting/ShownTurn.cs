using KVCluster.Silo.Rendering;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Chatting;

/// <summary>A turn that a person reads along: the conversation on standard output, its figures on standard error.</summary>
internal static class ShownTurn
{
    public static ChatTurn Ask(Terminal terminal, ChatSession session, string question, CancellationToken cancellationToken)
    {
        ChatTurn turn = session.Ask(question, terminal.Output.Write, cancellationToken);
        terminal.Output.WriteLine();
        terminal.Error.WriteLine(Figures.Turn(turn.Prompt, turn.Answer));
        return turn;
    }
}
