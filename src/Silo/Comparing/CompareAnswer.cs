namespace KVCluster.Silo.Comparing;

/// <summary>What was said to a question, and the judgement.</summary>
internal sealed record CompareAnswer(string Question, IReadOnlyList<string> Expected, string Text, bool Right, int Tokens, double Seconds);
