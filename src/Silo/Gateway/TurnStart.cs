using KVCluster.Grains;

namespace KVCluster.Silo.Gateway;

/// <summary>A session and what its next turn adds.</summary>
/// <param name="Session">Which.</param>
/// <param name="Prompt">What is added; null: the answer goes on from the history.</param>
internal sealed record TurnStart(SessionId Session, Prompt? Prompt)
{
    /// <summary>The conversation that the prompt was made of; null where no other session could take it.</summary>
    public WholeConversation? Conversation { get; init; }

    /// <summary>Whether the client named the session: then it is this one or none.</summary>
    public bool IsNamed { get; init; }

    /// <summary>Turns the session had before; set where a response's id needs it.</summary>
    public long Turn { get; init; }
}
