using KVCluster.Grains;
using KVCluster.Inference.Sampling;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Gateway;

/// <summary>A job's sampling as grains take it.</summary>
internal static class SamplingMapping
{
    /// <param name="job">The request.</param>
    /// <param name="choice">Which of its answers: each has a seed of its own, the first the one asked for.</param>
    public static SamplingSettings Of(CompletionJob job, int choice)
    {
        SamplingOptions sampling = job.Sampling;
        return new SamplingSettings
        {
            Temperature = sampling.Temperature,
            TopK = sampling.TopK,
            TopP = sampling.TopP,
            MinP = sampling.MinP,
            RepetitionPenalty = sampling.RepetitionPenalty,
            PresencePenalty = sampling.PresencePenalty,
            FrequencyPenalty = sampling.FrequencyPenalty,
            LogitBias = [.. sampling.LogitBias.Select(b => new TokenBias(b.Key, b.Value))],
            Seed = sampling.Seed + (ulong)choice,
            StopStrings = [.. sampling.StopStrings],
            MaxTokens = job.MaxTokens ?? int.MaxValue,
            LogProbabilities = sampling.LogProbabilities,
            AnswerSchema = job.CallSchema ?? job.Format switch
            {
                AnswerFormat.JsonObject => SamplingSettings.AnyJsonObject,
                AnswerFormat.JsonSchema => job.Schema!.Value.GetRawText(),
                _ => null,
            },
        };
    }
}
