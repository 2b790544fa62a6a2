using System.Buffers;
using System.Numerics.Tensors;
using System.Security.Cryptography;

namespace KVCluster.Inference.Sampling;

/// <summary>
/// Picks the tokens of one conversation, one after another: it holds the random numbers' state and the tokens seen, so a batch has one
/// sampler per conversation. Not for two threads at once. A step allocates nothing; its working memory is shared between samplers.
/// </summary>
/// <remarks>
/// With a temperature, a step draws exactly one random number, from xoshiro256** seeded through splitmix64: the answer to a seed does not
/// change with the version of .NET. Filters and their order: <see cref="SamplingOptions"/>.
/// </remarks>
public sealed class Sampler
{
    private readonly LogitAdjustments? _adjustments;
    private readonly TokenLogProbability[] _top;
    private Xoshiro256 _random;

    /// <summary>A sampler at the start of a conversation.</summary>
    /// <param name="options">What to do; checked here.</param>
    /// <param name="vocabularySize">Number of logits a step has, V.</param>
    /// <exception cref="InputException">An option is out of range.</exception>
    public Sampler(SamplingOptions options, int vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        options.Validate(vocabularySize);
        Options = options;
        VocabularySize = vocabularySize;
        Seed = options.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        _random = new Xoshiro256(Seed);
        _adjustments = LogitAdjustments.For(options, vocabularySize);
        _top = new TokenLogProbability[Math.Min(options.LogProbabilities ?? 0, vocabularySize)];
    }

    /// <summary>What was asked for.</summary>
    public SamplingOptions Options { get; }

    /// <summary>Number of logits a step has, V.</summary>
    public int VocabularySize { get; }

    /// <summary>The seed in use: the one asked for, or the one drawn.</summary>
    public ulong Seed { get; }

    /// <summary>
    /// The most probable tokens of the last step, best first, lowest id first among equals: as many as were asked for. Overwritten by the
    /// next step.
    /// </summary>
    public ReadOnlySpan<TokenLogProbability> TopLogProbabilities => _top;

    /// <summary>Counts tokens that were not picked here, such as the prompt's, as seen, for the repetition penalty.</summary>
    /// <exception cref="InputException">A token is outside the vocabulary; none is counted.</exception>
    public void Observe(ReadOnlySpan<int> tokens)
    {
        RequireKnown(tokens);
        _adjustments?.Observe(tokens);
    }

    /// <summary>
    /// Counts tokens that another sampler of the same options and seed picked, so that this one goes on where that one stood.
    /// </summary>
    /// <exception cref="InputException">A token is outside the vocabulary; none is counted.</exception>
    public void Replay(ReadOnlySpan<int> tokens)
    {
        RequireKnown(tokens);
        foreach (int token in tokens)
        {
            if (Options.Temperature != 0)
            {
                _random.Next();
            }

            _adjustments?.Take(token);
        }
    }

    /// <summary>Picks the next token and counts it as seen.</summary>
    /// <param name="logits">[V], as the model gave them; not changed. Negative infinity is a token that cannot be picked.</param>
    /// <exception cref="InputException">A logit is NaN or positive infinity, or none is finite. The sampler is as before.</exception>
    public SampledToken Sample(ReadOnlySpan<float> logits)
    {
        if (logits.Length != VocabularySize)
        {
            throw new ArgumentException($"expected {VocabularySize} logits, got {logits.Length}", nameof(logits));
        }

        int best = Logits.FirstMax(logits);
        int token = _adjustments is null ? Pick(logits, best) : PickAdjusted(logits, _adjustments);
        float? logProbability = Options.LogProbabilities is null ? null : Report(logits, logits[best], token);
        _adjustments?.Take(token);
        return new SampledToken(token, logProbability);
    }

    private void RequireKnown(ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)VocabularySize)
            {
                throw new InputException($"token {token} is outside the vocabulary of {VocabularySize} tokens");
            }
        }
    }

    private int PickAdjusted(ReadOnlySpan<float> logits, LogitAdjustments adjustments)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(logits.Length);
        try
        {
            Span<float> adjusted = rented.AsSpan(0, logits.Length);
            logits.CopyTo(adjusted);
            adjustments.Apply(adjusted);
            return Pick(adjusted, Logits.FirstMax(adjusted));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    private int Pick(ReadOnlySpan<float> logits, int best)
    {
        if (Options.Temperature == 0)
        {
            return best;
        }

        float[] rented = ArrayPool<float>.Shared.Rent(logits.Length);
        try
        {
            Span<float> weights = rented.AsSpan(0, logits.Length);
            TensorPrimitives.Subtract(logits, logits[best], weights);
            TensorPrimitives.Divide(weights, Options.Temperature, weights);
            TensorPrimitives.Exp(weights, weights);
            return TokenFilter.Applies(Options, logits.Length)
                ? DrawFiltered(logits, weights)
                : TokenDraw.FromAll(weights, _random.NextDouble());
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    private int DrawFiltered(ReadOnlySpan<float> logits, ReadOnlySpan<float> weights)
    {
        ulong[] keys = ArrayPool<ulong>.Shared.Rent(TokenFilter.Capacity(Options, logits.Length));
        try
        {
            int count = TokenFilter.Keep(logits, weights, Options, keys);
            return TokenDraw.From(keys.AsSpan(0, count), weights, _random.NextDouble());
        }
        finally
        {
            ArrayPool<ulong>.Shared.Return(keys);
        }
    }

    private float Report(ReadOnlySpan<float> logits, float max, int token)
    {
        double normalizer = Logits.LogSumExpBelow(logits, max);
        Span<ulong> keys = stackalloc ulong[SamplingOptions.MaxLogProbabilities];
        keys = keys[.._top.Length];
        LogitRanking.SelectTop(logits, keys);
        for (int i = 0; i < keys.Length; i++)
        {
            int ranked = LogitRanking.Token(keys[i]);
            _top[i] = new TokenLogProbability(ranked, (float)((double)logits[ranked] - max - normalizer));
        }

        return (float)((double)logits[token] - max - normalizer);
    }
}
