namespace KVCluster.Worker.Serving.Decisions;

/// <summary>What a running turn will still take, and what its end makes available.</summary>
/// <param name="PromptTokens">Prompt tokens left.</param>
/// <param name="AnswerTokens">Answer tokens left at most.</param>
/// <param name="Pages">Pages it holds or has reserved.</param>
internal readonly record struct RunningDemand(int PromptTokens, int AnswerTokens, int Pages);

/// <summary>
/// When a refused caller should come again: when enough of what runs will have ended, by what is left of it and the measured speeds.
/// </summary>
internal static class RetryEstimate
{
    /// <summary>The least told: sooner, a caller would only be refused again.</summary>
    public static TimeSpan Least { get; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The most told: nobody knows further ahead.</summary>
    public static TimeSpan Most { get; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Time until the running turns that end first have given up <paramref name="pages"/> pages; at least one must end.
    /// </summary>
    /// <param name="running">All running turns.</param>
    /// <param name="pages">Pages wanted beyond those that can be had at once.</param>
    /// <param name="prefill">Prompt tokens a second, of all together; above 0.</param>
    /// <param name="decode">Answer tokens a second, of all together; above 0.</param>
    public static TimeSpan Of(IReadOnlyList<RunningDemand> running, long pages, double prefill, double decode)
    {
        double prompts = running.Sum(r => (double)r.PromptTokens) / prefill;
        double each = decode / Math.Max(1, running.Count);
        var ends = running
            .Select(r => (Seconds: (r.PromptTokens > 0 ? prompts : 0) + (r.AnswerTokens / each), r.Pages))
            .OrderBy(r => r.Seconds);
        double seconds = 0;
        foreach ((double end, int freed) in ends)
        {
            seconds = end;
            pages -= freed;
            if (pages <= 0)
            {
                break;
            }
        }

        return TimeSpan.FromSeconds(Math.Clamp(seconds, Least.TotalSeconds, Most.TotalSeconds));
    }
}
