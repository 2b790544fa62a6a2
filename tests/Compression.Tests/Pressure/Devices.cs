using KVCluster.Compression.Pressure;

namespace KVCluster.Compression.Tests.Pressure;

/// <summary>Made-up sessions on a device.</summary>
internal static class Devices
{
    public const int Page = 16;
    public const int EntryBytes = 256;

    /// <summary>A session of 4 rows of 100 to 500 entries.</summary>
    public static PressureCandidate Candidate(int seed, string? name = null, int? entries = null)
    {
        ScoreHistogram histogram = Histograms.Session(seed, 4, entries ?? (100 + (seed * 37 % 400)), EntryBytes, floor: 20, Page, wild: false);
        return new PressureCandidate
        {
            Session = name ?? $"s{seed:D4}",
            Bytes = histogram.PageBytes,
            Histogram = histogram,
            ReturnChance = 0.1 + (seed % 9 * 0.1),
            SecondsToReturn = 0.5 + (seed % 5),
        };
    }

    public static PressureSnapshot Full(IReadOnlyList<PressureCandidate> candidates, double usedShare = 0.9, long waiting = 0)
    {
        long used = candidates.Sum(c => c.Bytes);
        return new PressureSnapshot
        {
            LimitBytes = (long)(used / usedShare),
            UsedBytes = used,
            WaitingBytes = waiting,
            FirstWaitingBytes = waiting,
            Candidates = candidates,
        };
    }

    public static PressureCandidate[] Many(int count) => [.. Enumerable.Range(1, count).Select(i => Candidate(i))];

    public static string SessionOf(PressureAct act) => act switch
    {
        CompressAct compress => compress.Session,
        DropAct drop => drop.Session,
        DemoteAct demote => demote.Session,
        _ => "",
    };
}
