using KVCluster.Compression;
using KVCluster.Compression.Policies;

namespace KVCluster.Silo.Options;

/// <summary>A policy as typed: "name" or "name:parameter=value,...", and where its scores shall come from.</summary>
internal static class PolicyChoice
{
    /// <summary>What runs where nothing is said.</summary>
    public const string Default = Grains.CompressRequest.DefaultPolicy;

    /// <exception cref="PolicyException">Unknown or out of range; the message lists what is valid.</exception>
    public static ICompressionPolicy Parse(string? specification, string? scores)
    {
        specification ??= Default;
        if (scores is null)
        {
            return CompressionPolicies.Parse(specification);
        }

        string name = specification.Split(':')[0];
        PolicyDescriptor? descriptor = CompressionPolicies.All.FirstOrDefault(d => d.Name == name);
        if (descriptor is not null && descriptor.Parameters.All(p => p.Name != "scores"))
        {
            throw new PolicyException($"--scores: the policy {name} uses no scores");
        }

        char separator = specification.Contains(':', StringComparison.Ordinal) ? ',' : ':';
        return CompressionPolicies.Parse($"{specification}{separator}scores={scores}");
    }

    /// <summary>The names, for help.</summary>
    public static string Names() => string.Join(", ", CompressionPolicies.All.Select(d => d.Name));
}
