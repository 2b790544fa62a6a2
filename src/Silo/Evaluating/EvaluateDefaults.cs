using KVCluster.Compression;
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
    public static IReadOnlyList<string> Tasks { get; } = ["niah-single-noise", "niah-single-essay", "niah-multikey-essay", "question-answering"];

    /// <summary>Every policy that runs without a parameter or a file of its own.</summary>
    public static IReadOnlyList<PolicyUnderTest> Policies()
    {
        List<PolicyUnderTest> policies = [];
        foreach (PolicyDescriptor descriptor in CompressionPolicies.All)
        {
            try
            {
                PolicyUnderTest policy = PolicyUnderTest.Parse(descriptor.Name);
                if (policy.Policy.Request.Attention?.Source != AttentionSource.Task)
                {
                    policies.Add(policy);
                }
            }
            catch (PolicyException)
            {
                // It needs to be told more; whoever wants it names it.
            }
        }

        return policies;
    }
}
