using KVCluster.Silo.Sessions;

namespace KVCluster.Silo.Chatting;

/// <summary>A question and its answer.</summary>
/// <param name="Question">As asked.</param>
/// <param name="Prompt">What entered the cache for it: the frame of the turn and the question.</param>
/// <param name="Answer">What came back.</param>
internal sealed record ChatTurn(string Question, Prefill Prompt, Answer Answer);
