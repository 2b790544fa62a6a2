using KVCluster.Compression.Pressure.Admission;

namespace KVCluster.Worker.Serving.Decisions;

/// <summary>What a running turn will still take, and what its end makes available.</summary>
/// <param name="PromptTokens">Prompt tokens left.</param>
/// <param name="AnswerTokens">Answer tokens left at most.</param>
/// <param name="Bytes">Bytes it holds or has reserved.</param>
internal readonly record struct RunningDemand(int PromptTokens, int AnswerTokens, long Bytes);

/// <summary>
/// When a refused caller should come again: when those before it have been served and enough of what runs has ended, by what is left of it and
/// the measured speeds (<see cref="AdmissionOutlook"/>).
/// </summary>
internal static class RetryEstimate
{
    /// <summary>The least told: sooner, a caller would only be refused again.</summary>
    public static TimeSpan Least { get; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The most told: nobody knows further ahead.</summary>
    public static TimeSpan Most { get; } = TimeSpan.FromMinutes(2);

    /// <summary>When running turns will have ended.</summary>
    /// <param name="running">All of them.</param>
    /// <param name="prefill">Prompt tokens a second, of all together; above 0.</param>
    /// <param name="decode">Answer tokens a second, of all together; above 0.</param>
    public static RunningTurn[] Ends(IReadOnlyList<RunningDemand> running, double prefill, double decode)
    {
        double prompts = running.Sum(r => (double)r.PromptTokens) / prefill;
        double each = decode / Math.Max(1, running.Count);
        return [.. running.Select(r => new RunningTurn((r.PromptTokens > 0 ? prompts : 0) + (r.AnswerTokens / each), r.Bytes))];
    }

    /// <summary>What a waiting turn takes once it runs beside <paramref name="beside"/> others.</summary>
    public static QueuedTurn Queued(RunningDemand demand, int beside, double prefill, double decode) =>
        new((demand.PromptTokens / prefill) + (demand.AnswerTokens / (decode / (beside + 1))), demand.Bytes);

    /// <summary>
    /// Time until so many bytes can be had, the turns ahead served; of a queue that is full though there is room, until the first running turn
    /// ends. Between the least and the most told; the most where no end is in sight.
    /// </summary>
    public static TimeSpan Of(AdmissionOutlook outlook, long wanted)
    {
        double first = outlook.Running.Count == 0 ? 0 : outlook.Running.Min(r => r.SecondsLeft);
        double seconds = outlook.SecondsUntil(Math.Max(0, wanted)) ?? Most.TotalSeconds;
        bool hasRoom = wanted <= outlook.FreeBytes;
        return TimeSpan.FromSeconds(Math.Clamp(hasRoom ? Math.Max(first, seconds) : seconds, Least.TotalSeconds, Most.TotalSeconds));
    }
}
