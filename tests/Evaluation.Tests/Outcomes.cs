using KVCluster.Evaluation.Running;

namespace KVCluster.Evaluation.Tests;

/// <summary>Outcomes made up for tests.</summary>
internal static class Outcomes
{
    public static OutcomeHeader Header { get; } = new(OutcomeHeader.CurrentVersion, "fingerprint", "BF16", 32);

    public static Outcome Make(
        string policy, double ratio, double score, long bytes = 100, string sample = "s", string task = "t", int length = 64, int[]? kept = null) => new()
        {
            Sample = sample,
            Task = task,
            Length = length,
            Index = 0,
            Protocol = EvaluationProtocol.KvPress,
            Policy = policy,
            Ratio = ratio,
            Score = score,
            Answers = ["an answer \u00e9"],
            ContextTokens = 10,
            WholeBytes = 100,
            Bytes = bytes,
            KvHeads = 2,
            Kept = kept ?? [10, 10, 10, 10],
            ScoringSeconds = 0.5,
            PlanSeconds = 0.25,
            ApplySeconds = 0.125,
        };
}
