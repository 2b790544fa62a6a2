using KVCluster.Inference.Sampling.Constraints;

namespace KVCluster.Inference.Sampling;

/// <summary>What changes one conversation's logits before a token is picked: penalties, biases, a grammar.</summary>
internal sealed class LogitAdjustments
{
    private readonly SamplingOptions _options;
    private readonly TokenSet? _seen;
    private readonly Dictionary<int, int>? _picked;
    private readonly TokenConstraint? _constraint;

    private LogitAdjustments(SamplingOptions options, int vocabularySize)
    {
        _options = options;
        _seen = options.RepetitionPenalty == 1 ? null : new TokenSet(vocabularySize);
        _picked = options.PresencePenalty == 0 && options.FrequencyPenalty == 0 ? null : [];
        _constraint = options.Grammar?.Begin();
    }

    /// <summary>Null where the options change nothing.</summary>
    public static LogitAdjustments? For(SamplingOptions options, int vocabularySize)
    {
        var adjustments = new LogitAdjustments(options, vocabularySize);
        bool any = adjustments._seen is not null || adjustments._picked is not null || adjustments._constraint is not null;
        return any || options.LogitBias.Count > 0 ? adjustments : null;
    }

    /// <summary>Tokens of the prompt, which only the repetition penalty counts.</summary>
    public void Observe(ReadOnlySpan<int> tokens)
    {
        if (_seen is null)
        {
            return;
        }

        foreach (int token in tokens)
        {
            _seen.Add(token);
        }
    }

    /// <summary>Changes one step's logits, [V], in place.</summary>
    public void Apply(Span<float> logits)
    {
        _seen?.Penalize(logits, _options.RepetitionPenalty);
        if (_picked is not null)
        {
            foreach ((int token, int times) in _picked)
            {
                logits[token] -= _options.PresencePenalty + (times * _options.FrequencyPenalty);
            }
        }

        foreach ((int token, float bias) in _options.LogitBias)
        {
            logits[token] += bias;
        }

        _constraint?.Apply(logits);
    }

    /// <summary>The picked token.</summary>
    public void Take(int token)
    {
        _seen?.Add(token);
        _constraint?.Accept(token);
        if (_picked is not null)
        {
            _picked[token] = _picked.GetValueOrDefault(token) + 1;
        }
    }
}
