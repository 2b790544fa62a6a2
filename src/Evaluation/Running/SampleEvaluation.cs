using KVCluster.Compression.Budgets;
using KVCluster.Evaluation.Samples;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Worker;

namespace KVCluster.Evaluation.Running;

/// <summary>
/// Measures one sample: its context is prefilled once (once more where policies want attention observed in another way), and forks of that
/// cache are compressed by each policy at each ratio and asked the questions.
/// </summary>
internal sealed class SampleEvaluation(LocalModel model, Sample sample, SamplePrompts prompts, EvaluationSettings settings)
{
    private readonly QuestionRound _round = new(sample, prompts, settings.Protocol);

    /// <summary>Yields the outcomes of the given (policy, ratio) pairs as they come; a null policy is the whole cache.</summary>
    public IEnumerable<Outcome> Run(IReadOnlyList<(PolicyUnderTest? Policy, double Ratio)> wanted, CancellationToken cancellationToken)
    {
        int[] context = [.. prompts.Context];
        foreach (IGrouping<ObservationOptions?, (PolicyUnderTest? Policy, double Ratio)> group in GroupByObservation(wanted))
        {
            using Conversation whole = new(model, new ConversationOptions { Observe = group.Key });
            whole.Append(context, cancellationToken: cancellationToken);
            SharedScores scores = new(whole);
            foreach ((PolicyUnderTest? policy, double ratio) in group)
            {
                using Conversation fork = whole.Fork();
                yield return Measure(fork, policy, ratio, scores, cancellationToken);
            }
        }
    }

    private Outcome Measure(
        Conversation fork, PolicyUnderTest? policy, double ratio, SharedScores scores, CancellationToken cancellationToken)
    {
        long wholeBytes = fork.Cache.Bytes;
        int contextTokens = fork.Cache.LogicalLength;
        CompressionReport? report = policy is null
            ? null
            : scores.Compress(
                fork,
                new CompressionRequest(policy.Policy, RetentionBudget.OfRatio(ratio)),
                out _,
                cancellationToken: cancellationToken);
        long bytes = fork.Cache.Bytes;
        int[] kept = KeptOf(fork.Cache);
        IReadOnlyList<string> answers = _round.Ask(fork, cancellationToken);
        return new Outcome
        {
            Sample = sample.Id,
            Task = sample.Task,
            Length = sample.Length,
            Index = sample.Index,
            Protocol = settings.Protocol,
            Policy = policy?.Specification ?? PolicyUnderTest.WholeCache,
            Ratio = ratio,
            Score = _round.Score(answers),
            Answers = answers,
            ContextTokens = contextTokens,
            WholeBytes = wholeBytes,
            Bytes = bytes,
            KvHeads = fork.Cache.Geometry.KvHeads,
            Kept = kept,
            ScoringSeconds = report?.ScoringSeconds ?? 0,
            PlanSeconds = report?.PlanSeconds ?? 0,
            ApplySeconds = report?.ApplySeconds ?? 0,
        };
    }

    private static int[] KeptOf(KvCache cache)
    {
        int kvHeads = cache.Geometry.KvHeads;
        return [.. Enumerable.Range(0, cache.Geometry.Heads).Select(i => cache.Length(i / kvHeads, i % kvHeads))];
    }

    /// <summary>Who observes nothing joins the first group that does, so that one prefill serves both.</summary>
    private static IEnumerable<IGrouping<ObservationOptions?, (PolicyUnderTest? Policy, double Ratio)>> GroupByObservation(
        IReadOnlyList<(PolicyUnderTest? Policy, double Ratio)> wanted)
    {
        ObservationOptions? first = wanted.Select(w => Observation(w.Policy)).FirstOrDefault(o => o is not null);
        return wanted.GroupBy(w => Observation(w.Policy) ?? first);
    }

    private static ObservationOptions? Observation(PolicyUnderTest? policy) =>
        policy is null ? null : ObservationOptions.For(policy.Policy.Request);
}
