using System.Diagnostics;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Worker;

namespace KVCluster.Evaluation.Running;

/// <summary>
/// Scores of one sample's context, gathered once for each <see cref="ScoreRequest"/> however many policies and ratios plan from them: forks
/// of one cache hold the same slots, and scores do not depend on the budget. The whole conversation must not change meanwhile.
/// </summary>
internal sealed class SharedScores(Conversation whole)
{
    private readonly Dictionary<ScoreRequest, (GatheredInput Input, double Seconds)> _gathered = [];

    /// <summary>Compresses a fork of the whole conversation; the report's scoring seconds are those of the pass that was shared.</summary>
    public CompressionReport Compress(
        Conversation fork, ICompressionPolicy policy, RetentionBudget budget, CancellationToken cancellationToken)
    {
        CompressionRequest request = new(policy, budget);
        if (policy is IStagedPolicy { Stages: > 1 })
        {
            // Its later scores are of what its own cuts left.
            return fork.Compress(request, cancellationToken: cancellationToken);
        }

        ScoreRequest wanted = policy.Request;
        if (!_gathered.TryGetValue(wanted, out (GatheredInput Input, double Seconds) gathered))
        {
            long start = Stopwatch.GetTimestamp();
            GatheredInput input = whole.Gather(request, cancellationToken: cancellationToken);
            gathered = (input, Stopwatch.GetElapsedTime(start).TotalSeconds);
            _gathered.Add(wanted, gathered);
        }

        CompressionReport report = fork.Compress(request with { Input = gathered.Input }, cancellationToken: cancellationToken);
        return report with { ScoringSeconds = gathered.Seconds };
    }
}
