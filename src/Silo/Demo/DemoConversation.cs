using KVCluster.Evaluation.Samples;

namespace KVCluster.Silo.Demo;

/// <summary>A document and what is asked about it, turn by turn.</summary>
/// <param name="Name">The session's id.</param>
/// <param name="Document">What is read first.</param>
/// <param name="Tokens">Tokens of it, with its chat frame.</param>
/// <param name="AllTokens">Most tokens that the whole conversation comes to.</param>
/// <param name="Questions">With known answers.</param>
internal sealed record DemoConversation(string Name, string Document, int Tokens, int AllTokens, IReadOnlyList<SampleQuestion> Questions);
