using KVCluster.Worker;

namespace KVCluster.Silo.Sessions;

/// <summary>
/// The first message of a chat about a document: the document, a blank line, the question. The blank line goes with the question, so that
/// the document's tokens are the same whatever is asked.
/// </summary>
internal static class DocumentFrame
{
    private const string Separator = "\n\n";

    // Stands where no question is known yet: the context does not depend on it.
    private const string AnyQuestion = "?";

    /// <summary>The frame up to the document's end.</summary>
    public static int[] Context(ChatFraming framing, string? system, string document) =>
        framing.FirstTurn(system, document.TrimEnd(), Separator + AnyQuestion).Context;

    /// <summary>The question and the rest of the frame, the answer opened.</summary>
    public static int[] Question(ChatFraming framing, string? system, string document, string question) =>
        framing.FirstTurn(system, document.TrimEnd(), Separator + question).Question;

    /// <summary>A first message without a document.</summary>
    public static int[] Alone(ChatFraming framing, string? system, string question)
    {
        (int[] context, int[] rest) = framing.FirstTurn(system, document: null, question);
        return [.. context, .. rest];
    }
}
