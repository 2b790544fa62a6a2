using KVCluster.Evaluation.Samples;
using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Worker;

namespace KVCluster.Evaluation.Running;

/// <summary>
/// Measures policies x ratios on samples with one model. What a log already holds is not measured again; what is measured is in the log
/// before the next begins, so a run may end anywhere and be taken up again.
/// </summary>
public sealed class EvaluationRunner
{
    private readonly LocalModel _model;
    private readonly EvaluationSettings _settings;
    private readonly ChatFraming _framing;

    /// <summary>Throws <see cref="InputException"/> where the settings cannot be measured or the model has no chat template.</summary>
    public EvaluationRunner(LocalModel model, EvaluationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        _model = model;
        _settings = settings;
        _framing = new ChatFraming(model);
    }

    /// <summary>Tokens a KV arena must have room for where samples have up to so many: the whole cache beside a compressed fork that grows.</summary>
    public static int ArenaTokens(int longest) => checked((2 * longest) + 512);

    /// <summary>
    /// All outcomes, in the order samples x (whole cache, policies x ratios). Progress is the share of them that is done. Cancelled, it
    /// throws OperationCanceledException; the log keeps what was measured.
    /// </summary>
    /// <exception cref="InputException">A sample does not fit the model's context or the arena; nothing was measured.</exception>
    public IReadOnlyList<Outcome> Run(
        IReadOnlyList<Sample> samples, OutcomeLog log, Action<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(log);
        SamplePrompts[] prompts = [.. samples.Select(Tokenise)];
        List<(PolicyUnderTest? Policy, double Ratio)> all = [(null, 0)];
        all.AddRange(_settings.Policies.SelectMany(p => _settings.Ratios.Select(r => ((PolicyUnderTest?)p, r))));
        double total = (double)samples.Count * all.Count;
        int done = samples.Sum(s => all.Count(w => Find(log, s, w) is not null));
        progress?.Invoke(done / Math.Max(total, 1));
        for (int i = 0; i < samples.Count; i++)
        {
            (PolicyUnderTest? Policy, double Ratio)[] missing = [.. all.Where(w => Find(log, samples[i], w) is null)];
            var evaluation = new SampleEvaluation(_model, samples[i], prompts[i], _settings);
            foreach (Outcome outcome in evaluation.Run(missing, cancellationToken))
            {
                log.Add(outcome);
                progress?.Invoke(++done / total);
            }
        }

        return [.. samples.SelectMany(s => all.Select(w => Find(log, s, w)!))];
    }

    private Outcome? Find(OutcomeLog log, Sample sample, (PolicyUnderTest? Policy, double Ratio) wanted) =>
        log.Find(sample.Id, _settings.Protocol, wanted.Policy?.Specification ?? PolicyUnderTest.WholeCache, wanted.Ratio);

    private SamplePrompts Tokenise(Sample sample)
    {
        var prompts = new SamplePrompts(_model, _framing, sample, _settings.Protocol);
        int total = prompts.TotalTokens;
        string what = $"sample {sample.Index} of {sample.Task} at {sample.Length} takes {total} tokens with its answers";
        if (total > _model.Config.ContextLength)
        {
            throw new InputException($"{what}; the model's context is {_model.Config.ContextLength}");
        }

        LedgerSnapshot arena = _model.Backend.Pool.Ledger.Snapshot();
        long room = KvCapacity.MaxTokens(_model.Backend.Pool.Geometry, arena.TotalBytes);
        return prompts.Context.Count + total <= room
            ? prompts
            : throw new InputException(
                $"{what}, beside {prompts.Context.Count} of the whole cache; the KV arena has room for {room}, {ArenaTokens(total)} would do");
    }
}
