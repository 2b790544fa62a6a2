using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Worker;

namespace KVCluster.Evaluation.Running;

/// <summary>
/// Scores of one sample's context, gathered once for each <see cref="ScoreRequest"/> however many policies and ratios plan from them: forks
/// of one cache hold the same slots, and scores do not depend on the budget.
/// </summary>
internal sealed class SharedScores(HeadCalibration? calibration)
{
    private readonly Dictionary<ScoreRequest, Gathered> _gathered = [];

    /// <summary>Compresses a fork of the sample's conversation; the report's scoring seconds are those of the pass that was shared.</summary>
    public CompressionReport Compress(
        Conversation fork, ICompressionPolicy policy, RetentionBudget budget, CancellationToken cancellationToken)
    {
        if (policy is IStagedPolicy { Stages: > 1 })
        {
            // Its later scores are of what its own cuts left.
            return fork.Compress(Request(policy, budget), cancellationToken: cancellationToken);
        }

        ScoreRequest wanted = policy.Request;
        bool known = _gathered.TryGetValue(wanted, out Gathered? gathered);
        var planner = new Planner(policy, gathered?.Input);
        CompressionReport report = fork.Compress(Request(planner, budget), cancellationToken: cancellationToken);
        if (known)
        {
            return report with { ScoringSeconds = gathered!.Seconds };
        }

        _gathered.Add(wanted, new Gathered(planner.Input!, report.ScoringSeconds));
        return report;
    }

    private CompressionRequest Request(ICompressionPolicy policy, RetentionBudget budget) => new(policy, budget) { Calibration = calibration };

    private sealed record Gathered(PolicyInput Input, double Seconds);

    /// <summary>The policy itself, but for where its input comes from.</summary>
    private sealed class Planner : ICompressionPolicy
    {
        private readonly ICompressionPolicy _policy;

        public Planner(ICompressionPolicy policy, PolicyInput? known)
        {
            _policy = policy;
            Input = known;

            // Vectors are read from the very cache that is planned for; everything else is numbers that all forks share.
            Request = known is null ? policy.Request : ScoreRequest.None with { Vectors = policy.Request.Vectors };
        }

        public PolicyInput? Input { get; private set; }

        public string Name => _policy.Name;

        public PolicyParameters Parameters => _policy.Parameters;

        public ScoreRequest Request { get; }

        public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
        {
            Input = Input is null ? input : Input with { Vectors = input.Vectors };
            return _policy.Plan(Input, budget);
        }
    }
}
