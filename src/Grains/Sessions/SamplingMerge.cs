using KVCluster.Inference.Sampling;

namespace KVCluster.Grains;

/// <summary>A request's sampling over its session's over greedy decoding.</summary>
internal static class SamplingMerge
{
    private static readonly SamplingOptions Defaults = new();

    /// <param name="request">What the request says, or null.</param>
    /// <param name="session">What the session's options say.</param>
    /// <exception cref="Inference.InputException">An option is out of range.</exception>
    public static SamplingOptions Of(SamplingSettings? request, SamplingSettings session)
    {
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
        };
        options.Validate();
        return options;
    }

    /// <summary>The same, with the error a session's caller gets.</summary>
    /// <exception cref="InvalidRequestException">An option is out of range.</exception>
    public static SamplingOptions Checked(SamplingSettings? request, SamplingSettings session)
    {
        try
        {
            return Of(request, session);
        }
        catch (Inference.InputException error)
        {
            throw new InvalidRequestException(error.Message);
        }
    }
}
