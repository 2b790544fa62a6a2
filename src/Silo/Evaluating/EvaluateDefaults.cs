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

    /// <summary>Every policy that needs no calibration and no task's prompts.</summary>
    public static IReadOnlyList<PolicyUnderTest> Policies()
    {
        IEnumerable<PolicyUnderTest> named = CompressionPolicies.All.Select(d => PolicyUnderTest.Parse(d.Name));
        return [.. named.Where(p => p.Policy.Request is { Calibration: false, Attention: null or { Source: not AttentionSource.Task } })];
    }
}
