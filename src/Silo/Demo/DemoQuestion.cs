namespace KVCluster.Silo.Demo;

/// <summary>A question whose answer is known.</summary>
/// <param name="Question">As it is asked.</param>
/// <param name="Expected">What a right answer holds, all of it.</param>
internal sealed record DemoQuestion(string Question, string[] Expected);
