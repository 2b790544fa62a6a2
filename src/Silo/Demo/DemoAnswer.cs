namespace KVCluster.Silo.Demo;

/// <summary>What was said to a question, and the judgement.</summary>
internal sealed record DemoAnswer(string Question, IReadOnlyList<string> Expected, string Text, bool Right, int Tokens, double Seconds);
