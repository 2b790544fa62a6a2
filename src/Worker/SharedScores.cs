using System.Diagnostics;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;

namespace KVCluster.Worker;

/// <summary>
/// Scores of one conversation, gathered once for each <see cref="ScoreRequest"/> however many policies and budgets plan from them: forks of
/// one cache hold the same slots, and scores do not depend on the budget. The whole conversation must not change meanwhile, and all
/// requests name the same task prompts.
/// </summary>
public sealed class SharedScores(Conversation whole)
{
    private readonly Dictionary<ScoreRequest, (GatheredInput Input, double Seconds)> _gathered = [];

    /// <summary>
    /// Compresses a fork of the whole conversation; the report's scoring seconds are those of the pass that was shared. A policy that cuts
    /// in stages scores what its own cuts left, so nothing is shared with it.
    /// </summary>
    /// <param name="fork">Holds the same slots as the whole; another cache is an <see cref="ArgumentException"/>.</param>
    /// <param name="request">Policy and budget.</param>
    /// <param name="scored">Whether this call did the scoring.</param>
    /// <param name="progress">Told the share of the scoring, 0 to 1.</param>
    /// <param name="cancellationToken">Cancelled before the plan is applied, nothing has changed.</param>
    public CompressionReport Compress(
        Conversation fork, CompressionRequest request, out bool scored, Action<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fork);
        ArgumentNullException.ThrowIfNull(request);
        scored = true;
        if (request.Policy is IStagedPolicy { Stages: > 1 })
        {
            return fork.Compress(request, progress, cancellationToken);
        }

        ScoreRequest wanted = request.Policy.Request;
        scored = !_gathered.TryGetValue(wanted, out (GatheredInput Input, double Seconds) gathered);
        if (scored)
        {
            long start = Stopwatch.GetTimestamp();
            GatheredInput input = whole.Gather(request, progress, cancellationToken);
            gathered = (input, Stopwatch.GetElapsedTime(start).TotalSeconds);
            _gathered.Add(wanted, gathered);
        }

        CompressionReport report = fork.Compress(request with { Input = gathered.Input }, cancellationToken: cancellationToken);
        return report with { ScoringSeconds = gathered.Seconds };
    }
}
