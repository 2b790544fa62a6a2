using KVCluster.Compression.Policies;
using KVCluster.Evaluation.Running;

namespace KVCluster.Silo.Evaluating;

/// <summary>What <c>evaluate</c> does where little is said.</summary>
internal static class EvaluateDefaults
{
    public const int Count = 5;

    public const int Length = 1024;

    public const ulong Seed = 1;

    /// <summary>Tasks in the bundled model's own wording.</summary>
    public static IReadOnlyList<string> NeedleTasks { get; } = ["needle-single", "needle-multikey", "needle-crowded", "needle-tracking"];

    /// <summary>Tasks for any other model.</summary>
    public static IReadOnlyList<string> Tasks { get; } =
        ["niah-single-noise", "niah-single-essay", "niah-multikey-essay", "question-answering"];

    /// <summary>Every policy that needs no task's prompts.</summary>
    /// <param name="calibrated">The model's calibration is at hand, for policies that need it.</param>
    public static IReadOnlyList<PolicyUnderTest> Policies(bool calibrated)
    {
        IEnumerable<PolicyUnderTest> named = CompressionPolicies.All.Select(d => PolicyUnderTest.Parse(d.Name));
        return [.. named.Where(p => CanRun(p.Policy.Request))];

        bool CanRun(ScoreRequest wanted) => (calibrated || !wanted.Calibration) && wanted.Attention?.Source != AttentionSource.Task;
    }
}
