using System.Globalization;
using KVCluster.Compression.Policies;
using KVCluster.Inference;

namespace KVCluster.Evaluation.Running;

/// <summary>What is measured on every sample: each policy at each ratio, and the whole cache.</summary>
public sealed record EvaluationSettings
{
    /// <summary>Ratios where nothing else is asked: those of the recorded references.</summary>
    public static IReadOnlyList<double> DefaultRatios { get; } = [0.25, 0.5, 0.75, 0.9];

    /// <summary>The policies, each once.</summary>
    public required IReadOnlyList<PolicyUnderTest> Policies { get; init; }

    /// <summary>Fractions to remove, in (0, 1), each once.</summary>
    public IReadOnlyList<double> Ratios { get; init; } = DefaultRatios;

    /// <summary>When the questions come.</summary>
    public EvaluationProtocol Protocol { get; init; } = EvaluationProtocol.KvPress;

    /// <summary>Outcomes of one sample: every policy at every ratio, and the whole cache.</summary>
    public int OutcomesPerSample => (Policies.Count * Ratios.Count) + 1;

    /// <summary>Throws <see cref="InputException"/> naming what cannot be measured.</summary>
    public void Validate()
    {
        if (Ratios.Count == 0)
        {
            throw new InputException("no ratio to measure at");
        }

        foreach (double ratio in Ratios)
        {
            if (!(ratio > 0 && ratio < 1))
            {
                throw new InputException(string.Create(CultureInfo.InvariantCulture,
                    $"ratio {ratio}: the fraction removed lies above 0 and below 1 (the whole cache is always measured)"));
            }
        }

        RequireDistinct(Ratios.Select(r => r.ToString(CultureInfo.InvariantCulture)), "ratio");
        RequireDistinct(Policies.Select(p => p.Specification), "policy");
        foreach (PolicyUnderTest policy in Policies)
        {
            ScoreRequest wanted = policy.Policy.Request;
            if (wanted.Attention?.Source == AttentionSource.Task)
            {
                throw new InputException(
                    $"{policy.Specification}: scores by a task's prompts, but here no question is known when a cache is compressed");
            }
        }
    }

    private static void RequireDistinct(IEnumerable<string> values, string what)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        if (values.FirstOrDefault(v => !seen.Add(v)) is { } twice)
        {
            throw new InputException($"the {what} {twice} is given twice");
        }
    }
}
