using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using KVCluster.Inference.Sampling;

namespace KVCluster.Silo.OpenAi;

/// <summary>The sampling fields that all completion endpoints share.</summary>
internal static class SamplingFields
{
    private const int MaxStops = 16;

    /// <param name="fields">The request.</param>
    /// <param name="maxTokens">What the endpoint's own field said.</param>
    /// <param name="logProbabilities">Alternatives a token, null: none asked for.</param>
    public static SamplingOptions Read(RequestFields fields, int? maxTokens, int? logProbabilities) => new()
    {
        Temperature = fields.Number("temperature", 0, 2) ?? 1,
        TopP = Fraction(fields, "top_p"),
        TopK = fields.Count("top_k", 0, int.MaxValue) ?? 0,
        MinP = fields.Number("min_p", 0, 1) ?? 0,
        PresencePenalty = fields.Number("presence_penalty", -2, 2) ?? 0,
        FrequencyPenalty = fields.Number("frequency_penalty", -2, 2) ?? 0,
        RepetitionPenalty = Positive(fields, "repetition_penalty"),
        LogitBias = Biases(fields),
        Seed = fields.Seed("seed"),
        StopStrings = Stops(fields),
        MaxTokens = maxTokens ?? int.MaxValue,
        LogProbabilities = logProbabilities,
    };

    private static float Fraction(RequestFields fields, string field) => fields.Number(field, 0, 1) switch
    {
        null => 1,

        // Zero keeps the most probable token, which is what the smallest share does.
        0 => float.Epsilon,
        { } value => value,
    };

    private static float Positive(RequestFields fields, string field) => fields.Number(field, 0, 10) switch
    {
        null => 1,
        0 => throw fields.Wrong(field, "above 0"),
        { } value => value,
    };

    private static IReadOnlyList<string> Stops(RequestFields fields)
    {
        if (fields.Any("stop") is not { } stop)
        {
            return [];
        }

        IReadOnlyList<JsonElement> items = stop.ValueKind == JsonValueKind.Array ? fields.Items("stop", MaxStops)! : [stop];
        return [.. items.Select(i => i.ValueKind == JsonValueKind.String && i.GetString() is { Length: > 0 } text
            ? text
            : throw fields.Wrong("stop", "a string or an array of strings, none empty"))];
    }

    private static IReadOnlyDictionary<int, float> Biases(RequestFields fields)
    {
        if (fields.Any("logit_bias") is not { } biases)
        {
            return ImmutableDictionary<int, float>.Empty;
        }

        if (biases.ValueKind != JsonValueKind.Object)
        {
            throw fields.Wrong("logit_bias", "an object of numbers by token id");
        }

        var map = new Dictionary<int, float>();
        foreach (JsonProperty entry in biases.EnumerateObject())
        {
            map[int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int token)
                ? token
                : throw fields.Wrong("logit_bias", "an object whose keys are token ids")] =
                entry.Value.ValueKind == JsonValueKind.Number && entry.Value.TryGetSingle(out float bias) && bias is >= -100 and <= 100
                    ? bias
                    : throw fields.Wrong("logit_bias", "an object of numbers from -100 to 100");
        }

        return map;
    }
}
