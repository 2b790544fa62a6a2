namespace KVCluster.Client;

/// <summary>
/// The connection to an answer was lost in its middle, and the same request made another answer when it was sent again: what was read is not
/// the beginning of any recorded turn. Nothing was added to the session. Greedy answers and seeded ones repeat.
/// </summary>
public sealed class AnswerChangedException : Exception
{
    internal AnswerChangedException(string session, int tokens, Exception? cause)
        : base($"session {session}: the answer was lost after {tokens} tokens, and sent again the request was answered differently", cause)
    {
    }
}
