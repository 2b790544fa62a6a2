using System.Text.Json;
using KVCluster.Inference;
using KVCluster.Inference.Sampling;
using KVCluster.Inference.Sampling.Constraints;

namespace KVCluster.Grains;

/// <summary>A request's sampling over its session's over greedy decoding.</summary>
internal static class SamplingMerge
{
    private static readonly SamplingOptions Defaults = new();

    /// <param name="request">What the request says, or null.</param>
    /// <param name="session">What the session's options say.</param>
    /// <param name="grammars">Of the model; null: whether a schema can be held to is not looked at.</param>
    /// <exception cref="InputException">An option is out of range, or the schema is not supported.</exception>
    public static SamplingOptions Of(SamplingSettings? request, SamplingSettings session, TokenGrammars? grammars = null)
    {
        TokenBias[] biases = request?.LogitBias ?? session.LogitBias ?? [];
        var options = new SamplingOptions
        {
            Temperature = request?.Temperature ?? session.Temperature ?? Defaults.Temperature,
            TopK = request?.TopK ?? session.TopK ?? Defaults.TopK,
            TopP = request?.TopP ?? session.TopP ?? Defaults.TopP,
            MinP = request?.MinP ?? session.MinP ?? Defaults.MinP,
            RepetitionPenalty = request?.RepetitionPenalty ?? session.RepetitionPenalty ?? Defaults.RepetitionPenalty,
            Seed = request?.Seed ?? session.Seed,
            StopStrings = request?.StopStrings ?? session.StopStrings ?? [],
            MaxTokens = request?.MaxTokens ?? session.MaxTokens ?? Defaults.MaxTokens,
            LogProbabilities = request?.LogProbabilities ?? session.LogProbabilities,
            PresencePenalty = request?.PresencePenalty ?? session.PresencePenalty ?? Defaults.PresencePenalty,
            FrequencyPenalty = request?.FrequencyPenalty ?? session.FrequencyPenalty ?? Defaults.FrequencyPenalty,
            LogitBias = biases.Length == 0 ? Defaults.LogitBias : biases.DistinctBy(b => b.Token).ToDictionary(b => b.Token, b => b.Bias),
            Grammar = Grammar(request?.AnswerSchema ?? session.AnswerSchema, grammars),
        };
        options.Validate();
        return options;
    }

    /// <summary>The same, with the error a session's caller gets.</summary>
    /// <exception cref="InvalidRequestException">An option is out of range.</exception>
    public static SamplingOptions Checked(SamplingSettings? request, SamplingSettings session, TokenGrammars? grammars = null)
    {
        try
        {
            return Of(request, session, grammars);
        }
        catch (InputException error)
        {
            throw new InvalidRequestException(error.Message);
        }
    }

    private static TokenGrammar? Grammar(string? schema, TokenGrammars? grammars)
    {
        if (schema is null || grammars is null)
        {
            return null;
        }

        if (schema == SamplingSettings.AnyJsonObject)
        {
            return grammars.JsonObject();
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(schema);
            return grammars.JsonSchema(document.RootElement);
        }
        catch (JsonException error)
        {
            throw new InputException($"the answer's schema is not JSON: {error.Message}");
        }
    }
}
