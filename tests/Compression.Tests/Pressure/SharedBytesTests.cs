using KVCluster.Compression.Pressure;

namespace KVCluster.Compression.Tests.Pressure;

/// <summary>Bytes that several sessions hold together: one thing, given when all of them leave, and counted once.</summary>
public sealed class SharedBytesTests
{
    private static readonly PressureController _controller = new();

    [Fact]
    public void Forks_that_have_nothing_of_their_own_leave_together_for_what_they_share()
    {
        PressureCandidate[] forks = [Fork("a"), Fork("b"), Fork("c")];
        PressureDecision decision = _controller.Decide(Snapshot(forks, [new SharedBytes(["a", "b", "c"], 1001)], used: 1001, limit: 1000), false);
        Assert.Equal(["a", "b", "c"], decision.Acts.Cast<DropAct>().Select(a => a.Session).Order());
        Assert.Equal(1001, decision.PlannedBytes);
    }

    [Fact]
    public void Nothing_is_planned_for_bytes_of_which_somebody_stays()
    {
        PressureCandidate[] forks = [Fork("a"), Fork("b") with { MayLeave = false }];
        PressureSnapshot snapshot = Snapshot(forks, [new SharedBytes(["a", "b"], 1000)], used: 1000, limit: 1000);
        Assert.Empty(_controller.Decide(snapshot, false).Acts);
        PressureSnapshot unknown = Snapshot([Fork("a")], [new SharedBytes(["a", "pinned"], 1000)], used: 1000, limit: 1000);
        Assert.Empty(_controller.Decide(unknown, false).Acts);
    }

    [Fact]
    public void Dear_forks_stay_where_a_cheap_session_frees_enough()
    {
        PressureCandidate cheap = Fork("z") with { Bytes = 400, ReturnChance = 0.01 };
        PressureCandidate[] all = [Fork("a"), Fork("b"), cheap];
        PressureDecision decision = _controller.Decide(Snapshot(all, [new SharedBytes(["a", "b"], 600)], used: 1000, limit: 1000), false);
        Assert.Equal("z", Assert.IsType<DropAct>(Assert.Single(decision.Acts)).Session);
    }

    [Fact]
    public void What_is_planned_comes_free_and_is_enough_whenever_it_can_be()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            PressureCandidate[] all = [.. Devices.Many(random.Next(2, 12)).Select(c => c with
            {
                HasColdCopy = true,
                MayLeave = random.Next(6) > 0,
                Histogram = random.Next(3) == 0 ? null : c.Histogram,
                Bytes = random.Next(4) == 0 ? 0 : c.Bytes,
            })];
            all = [.. all.Select(c => c.Bytes == 0 ? c with { Histogram = null } : c)];
            List<SharedBytes> shared = [];
            for (int first = 0; first + 1 < all.Length; first += random.Next(2, 5))
            {
                int count = Math.Min(random.Next(2, 4), all.Length - first);
                shared.Add(new SharedBytes([.. all.Skip(first).Take(count).Select(c => c.Session)], random.Next(1_000_000)));
                first += count - 2;
            }

            long used = all.Sum(c => c.Bytes) + shared.Sum(s => s.Bytes);
            PressureDecision decision = _controller.Decide(Snapshot(all, shared, used, (long)(used / (0.86 + random.NextDouble()))), false);
            long freed = Freed(decision.Acts, all, shared);
            Assert.True(freed >= decision.PlannedBytes, $"seed {seed}: {freed} of {decision.PlannedBytes}");
            long most = all.Where(c => c.MayLeave).Sum(c => c.Bytes)
                + all.Where(c => !c.MayLeave && c.Histogram is not null).Sum(c => c.Histogram!.Profile.Droppable)
                + shared.Where(s => s.Sessions.All(name => all.Single(c => c.Session == name).MayLeave)).Sum(s => s.Bytes);

            // Whole pages round in favour of what is wanted.
            Assert.True(decision.PlannedBytes >= Math.Min(most, decision.WantedBytes), $"seed {seed}: {decision.PlannedBytes} of {most}");
        }
    }

    /// <summary>By the meaning of sharing: what all holders have left.</summary>
    private static long Freed(IReadOnlyList<PressureAct> acts, PressureCandidate[] all, List<SharedBytes> shared)
    {
        HashSet<string> gone = [.. acts.OfType<DropAct>().Select(a => a.Session), .. acts.OfType<DemoteAct>().Select(a => a.Session)];
        return all.Where(c => gone.Contains(c.Session)).Sum(c => c.Bytes)
            + acts.OfType<CompressAct>().Sum(a => a.PlannedBytes)
            + shared.Where(s => s.Sessions.All(gone.Contains)).Sum(s => s.Bytes);
    }

    private static PressureCandidate Fork(string name) => new()
    {
        Session = name,
        Bytes = 0,
        ReturnChance = 0.5,
        SecondsToReturn = 1,
        HasColdCopy = true,
    };

    private static PressureSnapshot Snapshot(PressureCandidate[] candidates, IReadOnlyList<SharedBytes> shared, long used, long limit) => new()
    {
        LimitBytes = limit,
        UsedBytes = used,
        Candidates = candidates,
        Shared = shared,
    };
}
