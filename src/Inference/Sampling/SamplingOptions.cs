using System.Collections.Immutable;
using System.Globalization;
using KVCluster.Inference.Sampling.Constraints;

namespace KVCluster.Inference.Sampling;

/// <summary>
/// How the next token is picked and when a generation ends. Every option has an "off" value, which is its default, so the defaults are
/// greedy decoding. What is applied, in this order (Hugging Face transformers' order): repetition penalty, presence and frequency penalty,
/// logit bias, grammar, temperature, top-k, top-p, min-p; each filter sees the distribution its predecessors left, renormalised.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Most alternatives that may be asked for with <see cref="LogProbabilities"/> (OpenAI's top_logprobs limit).</summary>
    public const int MaxLogProbabilities = 20;

    /// <summary>
    /// Divides the logits before the softmax. 0: greedy, the largest logit, lowest id on a tie; no random number is drawn.
    /// </summary>
    public float Temperature { get; init; }

    /// <summary>Keeps exactly the k largest logits, the lowest id first among equals. 0: all.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Keeps the shortest run of tokens, most probable first, whose probabilities reach this sum (Holtzman et al., 2020). 1: all.
    /// </summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keeps tokens of at least this fraction of the largest probability (Nguyen et al., 2024). 0: all.</summary>
    public float MinP { get; init; }

    /// <summary>
    /// Logits of tokens already in the conversation, prompt and answer, are divided by this where positive and multiplied where negative
    /// (Keskar et al., 2019), once however often the token occurred. 1: off; above 1 discourages repeating.
    /// </summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracted from the logits of tokens already in the answer, once however often they occurred (OpenAI's). 0: off.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Subtracted from the logits of tokens already in the answer, for each time they occurred (OpenAI's). 0: off.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of these tokens at every step.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = ImmutableDictionary<int, float>.Empty;

    /// <summary>What the answer's text may look like; null: anything.</summary>
    public TokenGrammar? Grammar { get; init; }

    /// <summary>
    /// Start of the random numbers: the same seed, options and logits give the same tokens. Null: drawn anew for each sampler.
    /// </summary>
    public ulong? Seed { get; init; }

    /// <summary>Texts that end a generation; they are cut from its text (see <see cref="StopMatcher"/>).</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Most tokens to generate.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>
    /// Null: no log-probabilities. Otherwise that of the picked token, and this many of the most probable tokens beside it. They are those
    /// of the model's own distribution, before penalty, temperature and filters, as OpenAI reports them.
    /// </summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Checks every option.</summary>
    /// <exception cref="InputException">An option is out of range; the message names it, its value and its range.</exception>
    public void Validate()
    {
        Require(float.IsFinite(Temperature) && Temperature >= 0, nameof(Temperature), Temperature, "a finite number of 0 or more");
        Require(TopK >= 0, nameof(TopK), TopK, "0 (off) or more");
        Require(TopP is > 0 and <= 1, nameof(TopP), TopP, "above 0 and at most 1");
        Require(MinP is >= 0 and <= 1, nameof(MinP), MinP, "from 0 to 1");
        Require(
            float.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0,
            nameof(RepetitionPenalty),
            RepetitionPenalty,
            "a finite number above 0 (1 is off)");
        Require(float.IsFinite(PresencePenalty), nameof(PresencePenalty), PresencePenalty, "a finite number (0 is off)");
        Require(float.IsFinite(FrequencyPenalty), nameof(FrequencyPenalty), FrequencyPenalty, "a finite number (0 is off)");
        Require(LogitBias is not null && LogitBias.Values.All(float.IsFinite), nameof(LogitBias), "not", "finite numbers by token id");
        Require(MaxTokens >= 1, nameof(MaxTokens), MaxTokens, "1 or more");
        Require(
            LogProbabilities is null or (>= 0 and <= MaxLogProbabilities),
            nameof(LogProbabilities),
            LogProbabilities,
            $"from 0 to {MaxLogProbabilities}");
        ValidateStopStrings(StopStrings);
    }

    /// <summary>As <see cref="Validate()"/>, and that every token named is one of the model's.</summary>
    /// <param name="vocabularySize">Tokens of the model.</param>
    /// <exception cref="InputException">An option is out of range, or a biased token is outside the vocabulary.</exception>
    public void Validate(int vocabularySize)
    {
        Validate();
        foreach (int token in LogitBias.Keys)
        {
            if ((uint)token >= (uint)vocabularySize)
            {
                throw new InputException($"logit bias: token {token} is outside the vocabulary of {vocabularySize} tokens");
            }
        }
    }

    internal static void ValidateStopStrings(IReadOnlyList<string>? stopStrings)
    {
        Require(stopStrings is not null, nameof(StopStrings), "null", "a list, which may be empty");
        Require(!stopStrings!.Any(string.IsNullOrEmpty), nameof(StopStrings), "an empty text", "texts of at least one character");
    }

    private static void Require(bool valid, string option, IFormattable? value, string range) =>
        Require(valid, option, value?.ToString(null, CultureInfo.InvariantCulture) ?? "null", range);

    private static void Require(bool valid, string option, string value, string range)
    {
        if (!valid)
        {
            throw new InputException($"sampling option {option} must be {range}, not {value}");
        }
    }
}
