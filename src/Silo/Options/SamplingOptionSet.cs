using System.CommandLine;
using KVCluster.Inference;
using KVCluster.Inference.Sampling;

namespace KVCluster.Silo.Options;

/// <summary>How tokens are picked and when an answer ends, as options of a verb.</summary>
internal sealed class SamplingOptionSet(int defaultMaxTokens)
{
    private readonly Option<float?> _temperature =
        OptionOf.Number<float>("--temperature", "divides the logits; 0 (the default) is greedy");
    private readonly Option<int?> _topK = OptionOf.Number<int>("--top-k", "only the k most likely tokens; 0 (the default): all");
    private readonly Option<float?> _topP =
        OptionOf.Number<float>("--top-p", "only the likeliest tokens up to this probability; 1 (the default): all");
    private readonly Option<float?> _minP =
        OptionOf.Number<float>("--min-p", "only tokens this likely beside the likeliest; 0 (the default): all");
    private readonly Option<float?> _penalty =
        OptionOf.Number<float>("--repetition-penalty", "above 1 discourages repeating; 1 (the default): off");
    private readonly Option<ulong?> _seed =
        OptionOf.Number<ulong>("--seed", "start of the random numbers; drawn anew by default");
    private readonly Option<string[]> _stop =
        OptionOf.Texts("--stop", "text that ends an answer; may be given many times", "TEXT");
    private readonly Option<int?> _maxTokens =
        OptionOf.Number<int>("--max-tokens", $"most tokens of an answer; {defaultMaxTokens} by default");
    private readonly Option<int?> _logprobs =
        OptionOf.Number<int>("--logprobs", "log-probabilities of the tokens and of N alternatives");

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _temperature, _topK, _topP, _minP, _penalty, _seed, _stop, _maxTokens, _logprobs })
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="InputException">A value is out of range.</exception>
    public SamplingOptions Read(ParseResult parsed)
    {
        SamplingOptions off = new();
        SamplingOptions options = new()
        {
            Temperature = parsed.GetValue(_temperature) ?? off.Temperature,
            TopK = parsed.GetValue(_topK) ?? off.TopK,
            TopP = parsed.GetValue(_topP) ?? off.TopP,
            MinP = parsed.GetValue(_minP) ?? off.MinP,
            RepetitionPenalty = parsed.GetValue(_penalty) ?? off.RepetitionPenalty,
            Seed = parsed.GetValue(_seed),
            StopStrings = parsed.GetValue(_stop) ?? [],
            MaxTokens = parsed.GetValue(_maxTokens) ?? defaultMaxTokens,
            LogProbabilities = parsed.GetValue(_logprobs),
        };
        options.Validate();
        return options;
    }
}
