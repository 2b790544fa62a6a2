namespace KVCluster.Silo.Comparing;

/// <summary>A question whose answer is known.</summary>
/// <param name="Question">As it is asked.</param>
/// <param name="Expected">What a right answer holds, all of it.</param>
internal sealed record CompareQuestion(string Question, string[] Expected);
