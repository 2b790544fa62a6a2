using KVCluster.Grains;

namespace KVCluster.Silo.Operators;

/// <summary>Turns devices' running counts into what happened lately: the difference of the newest and one a window ago, over all devices.</summary>
internal sealed class ActivityWindow(TimeSpan length, TimeProvider time)
{
    private readonly Queue<(long At, Dictionary<string, ActivityReport> Devices)> _polls = new();

    public ActivityView Add(IReadOnlyDictionary<string, ActivityReport> devices)
    {
        long now = time.GetTimestamp();
        _polls.Enqueue((now, new(devices, StringComparer.Ordinal)));
        while (_polls.Count > 2 && time.GetElapsedTime(_polls.Peek().At, now) > length)
        {
            _polls.Dequeue();
        }

        (long since, Dictionary<string, ActivityReport> before) = _polls.Peek();
        double seconds = time.GetElapsedTime(since, now).TotalSeconds;
        (ActivityReport Now, ActivityReport? Before)[] pairs = [.. devices.Select(d => (d.Value, Earlier(before, d.Key, d.Value)))];
        return new ActivityView
        {
            Seconds = seconds,
            FirstToken = Of(pairs, a => a.FirstToken),
            PerToken = Of(pairs, a => a.PerToken),
            Queue = Of(pairs, a => a.Queue),
            Attached = Attached(pairs),
            PromptTokensPerSecond = Rate(Sum(pairs, a => a.PromptTokens), seconds),
            GeneratedTokensPerSecond = Rate(Sum(pairs, a => a.GeneratedTokens), seconds),
            Refused = Sum(pairs, a => a.Turns.Where(t => t.Key.StartsWith("Refused", StringComparison.Ordinal)).Sum(t => t.Value)),
            Made = Sum(pairs, a => a.Turns.GetValueOrDefault("Made")),
            PutBack = Sum(pairs, a => a.PutBack),
            Misses = pairs.SelectMany(p => p.Now.Misses.Keys).Distinct(StringComparer.Ordinal)
                .ToDictionary(cause => cause, cause => Sum(pairs, a => a.Misses.GetValueOrDefault(cause)), StringComparer.Ordinal),
        };
    }

    /// <summary>The value below which a share of the durations lies, even within a bucket.</summary>
    public static double Quantile(ReadOnlySpan<long> buckets, double share)
    {
        long total = 0;
        foreach (long count in buckets)
        {
            total += count;
        }

        double rank = share * total;
        double seen = 0;
        for (int i = 0; i < buckets.Length; i++)
        {
            if (buckets[i] > 0 && seen + buckets[i] >= rank)
            {
                double low = i == 0 ? 0 : DurationReport.BoundOf(i - 1);
                double high = i == buckets.Length - 1 ? low : DurationReport.BoundOf(i);
                return low + ((high - low) * (rank - seen) / buckets[i]);
            }

            seen += buckets[i];
        }

        return 0;
    }

    /// <summary>A device that counts less than before has started anew: all it counts is new.</summary>
    private static ActivityReport? Earlier(Dictionary<string, ActivityReport> before, string device, ActivityReport now) =>
        before.TryGetValue(device, out ActivityReport? earlier) && earlier.PromptTokens <= now.PromptTokens
        && earlier.Turns.GetValueOrDefault("Made") <= now.Turns.GetValueOrDefault("Made") ? earlier : null;

    private static Percentiles Of((ActivityReport Now, ActivityReport? Before)[] pairs, Func<ActivityReport, DurationReport> of)
    {
        if (pairs.Length == 0)
        {
            return default;
        }

        var buckets = new long[of(pairs[0].Now).Buckets.Length];
        foreach ((ActivityReport now, ActivityReport? before) in pairs)
        {
            for (int i = 0; i < buckets.Length; i++)
            {
                buckets[i] += of(now).Buckets[i] - (before is null ? 0 : of(before).Buckets[i]);
            }
        }

        return new Percentiles(buckets.Sum(), Quantile(buckets, 0.5), Quantile(buckets, 0.95), Quantile(buckets, 0.99));
    }

    private static AttachTally[] Attached((ActivityReport Now, ActivityReport? Before)[] pairs) => pairs.Length == 0 ? [] :
    [
        .. pairs[0].Now.Attached.Select((tally, i) => new AttachTally(
            tally.Source,
            Sum(pairs, a => a.Attached[i].Count),
            Sum(pairs, a => a.Attached[i].CachedTokens),
            Sum(pairs, a => a.Attached[i].RecomputedTokens),
            Sum(pairs, a => a.Attached[i].PredictedSeconds),
            Sum(pairs, a => a.Attached[i].Seconds))),
    ];

    private static long Sum((ActivityReport Now, ActivityReport? Before)[] pairs, Func<ActivityReport, long> of) =>
        pairs.Sum(p => of(p.Now) - (p.Before is null ? 0 : of(p.Before)));

    private static double Sum((ActivityReport Now, ActivityReport? Before)[] pairs, Func<ActivityReport, double> of) =>
        pairs.Sum(p => of(p.Now) - (p.Before is null ? 0 : of(p.Before)));

    private static double Rate(long count, double seconds) => seconds > 0 ? count / seconds : 0;
}
