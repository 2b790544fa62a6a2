using KVCluster.Compression.Policies;

namespace KVCluster.Evaluation.Running;

/// <summary>A policy and the words it was asked for with, which name it in results.</summary>
/// <param name="Specification">"name" or "name:parameter=value,...".</param>
/// <param name="Policy">What it stands for.</param>
public sealed record PolicyUnderTest(string Specification, ICompressionPolicy Policy)
{
    /// <summary>The name in results of the cache that nothing was taken from.</summary>
    public const string WholeCache = "none";

    /// <summary>Throws <see cref="Compression.PolicyException"/>, listing the valid ones, where it is unknown.</summary>
    public static PolicyUnderTest Parse(string specification) => new(specification, CompressionPolicies.Parse(specification));
}
