using KVCluster.Compression.Pressure;
using KVCluster.Compression.Pressure.Admission;

namespace KVCluster.Compression.Tests.Pressure;

public sealed class PressureControllerTests
{
    private static readonly PressureController _controller = new();

    [Theory]
    [InlineData(0.60, false, false)]
    [InlineData(0.80, false, false)]
    [InlineData(0.86, false, true)]
    [InlineData(0.80, true, true)]
    [InlineData(0.69, true, false)]
    public void Acts_begin_above_the_high_watermark_and_end_at_the_low_one(double used, bool wasPressing, bool acts)
    {
        PressureDecision decision = _controller.Decide(Devices.Full(Devices.Many(10), used), wasPressing);
        Assert.Equal(acts, decision.IsPressing);
        Assert.Equal(acts, decision.Acts.Count > 0);
    }

    [Fact]
    public void Acts_free_what_is_wanted_and_little_more()
    {
        PressureSnapshot snapshot = Devices.Full(Devices.Many(40));
        PressureDecision decision = _controller.Decide(snapshot, false);
        Assert.Equal(snapshot.UsedBytes - (long)(0.7 * snapshot.LimitBytes), decision.WantedBytes);
        long page = Devices.Page * Devices.EntryBytes;
        Assert.InRange(decision.PlannedBytes, decision.WantedBytes, decision.WantedBytes + (40 * 4 * page * 2));
        Assert.Equal(decision.PlannedBytes, decision.Acts.Sum(a => a.PlannedBytes));
    }

    [Fact]
    public void Every_act_carries_its_cause_and_what_the_log_needs()
    {
        PressureSnapshot snapshot = Devices.Full(Devices.Many(20));
        PressureDecision decision = _controller.Decide(snapshot, false);
        Assert.All(decision.Acts, act =>
        {
            Assert.Equal(new PressureCause(PressureCauseKind.HighWatermark, snapshot.UsedBytes, 0, snapshot.LimitBytes), act.Cause);
            Assert.True(act.PlannedBytes > 0);
        });
        Assert.All(decision.Acts.OfType<CompressAct>(), act => Assert.InRange(act.MassShare, 0, 1));
        Assert.Contains(decision.Acts, a => a is CompressAct { MassShare: > 0 });
    }

    [Fact]
    public void Compression_respects_floors_and_frees_whole_pages()
    {
        PressureCandidate[] candidates = Array.ConvertAll(Devices.Many(30), c => c with { MayLeave = false });
        PressureDecision decision = _controller.Decide(Devices.Full(candidates, 1.5), false);
        Assert.NotEmpty(decision.Acts);
        foreach (CompressAct act in decision.Acts.Cast<CompressAct>())
        {
            ScoreHistogram histogram = candidates.Single(c => c.Session == act.Session).Histogram!;
            Assert.Equal(histogram.Freed([.. act.Keep]), act.PlannedBytes);
            for (int row = 0; row < act.Keep.Count; row++)
            {
                Assert.InRange(act.Keep[row], histogram.Floor(row), histogram.Length(row));
                Assert.True(act.Keep[row] % Devices.Page == 0 || act.Keep[row] == histogram.Length(row));
            }
        }
    }

    [Fact]
    public void The_order_of_candidates_does_not_matter()
    {
        PressureCandidate[] candidates = Devices.Many(50);
        PressureDecision first = _controller.Decide(Devices.Full(candidates), false);
        PressureCandidate[] shuffled = [.. candidates];
        new Random(5).Shuffle(shuffled);
        PressureDecision second = _controller.Decide(Devices.Full(shuffled), false);
        Assert.Equal(first.Acts.Select(Text), second.Acts.Select(Text));
    }

    [Fact]
    public void Equal_sessions_of_equal_weight_are_cut_alike()
    {
        PressureCandidate[] candidates = [.. Enumerable.Range(0, 12).Select(i => Devices.Candidate(3, $"s{i}", 400) with { MayLeave = false })];
        PressureDecision decision = _controller.Decide(Devices.Full(candidates), false);
        Assert.Equal(12, decision.Acts.Count);
        Assert.Single(decision.Acts.Cast<CompressAct>().Select(a => string.Join(',', a.Keep)).Distinct());
    }

    [Fact]
    public void Sessions_that_hardly_ever_return_give_most()
    {
        PressureCandidate gone = Devices.Candidate(3, "gone", 400) with { ReturnChance = 0.001 };
        PressureCandidate near = Devices.Candidate(3, "near", 400) with { ReturnChance = 0.95 };
        PressureDecision decision = _controller.Decide(Devices.Full([gone, near], 1.1), false);
        long Freed(string session) => decision.Acts.Where(a => Devices.SessionOf(a) == session).Sum(a => a.PlannedBytes);
        Assert.True(Freed("gone") > 2 * Freed("near"), $"{Freed("gone")} and {Freed("near")}");
    }

    [Fact]
    public void What_can_leave_cheaply_leaves_and_what_cannot_is_compressed()
    {
        PressureCandidate quick = Devices.Candidate(3, "quick", 400) with { SecondsToReturn = 1e-6, HasColdCopy = true };
        PressureCandidate slow = Devices.Candidate(3, "slow", 400) with { SecondsToReturn = 1e6, ReturnChance = 0.3 };
        PressureDecision decision = _controller.Decide(Devices.Full([quick, slow], 1.4), false);
        Assert.Collection(
            decision.Acts,
            act => Assert.Equal("quick", Assert.IsType<DropAct>(act).Session),
            act => Assert.Equal("slow", Assert.IsType<CompressAct>(act).Session));
    }

    [Fact]
    public void Without_a_cold_store_only_what_has_a_copy_leaves()
    {
        PressureCandidate[] candidates =
        [
            .. Enumerable.Range(0, 6).Select(i => Devices.Candidate(3, $"s{i}", 400) with { SecondsToReturn = 0, HasColdCopy = i == 0 }),
        ];
        PressureDecision decision = _controller.Decide(Devices.Full(candidates, 2) with { CanDemote = false }, false);
        Assert.DoesNotContain(decision.Acts, a => a is DemoteAct);
        Assert.Equal("s0", Assert.Single(decision.Acts.OfType<DropAct>()).Session);
    }

    [Fact]
    public void Where_turns_wait_what_takes_long_to_leave_is_compressed_instead()
    {
        PressureCandidate[] candidates = [.. Enumerable.Range(0, 6).Select(i => Devices.Candidate(3, $"s{i}", 400) with { SecondsToReturn = 1e-6, SecondsToLeave = 1e3 })];
        PressureSnapshot calm = Devices.Full(candidates, 0.9);
        Assert.Contains(_controller.Decide(calm, false).Acts, act => act is DemoteAct);
        Assert.All(_controller.Decide(calm with { WaitingBytes = 1000 }, false).Acts, act => Assert.IsType<CompressAct>(act));
    }

    [Fact]
    public void A_cut_takes_no_less_than_a_share_of_a_session()
    {
        PressureCandidate[] candidates = [.. Devices.Many(60).Select(c => c with { MayLeave = false })];
        PressureDecision decision = _controller.Decide(Devices.Full(candidates, 0.86), true);
        Dictionary<string, long> bytes = candidates.ToDictionary(c => c.Session, c => c.Bytes);
        Assert.NotEmpty(decision.Acts);
        Assert.All(decision.Acts.Cast<CompressAct>(), act => Assert.True(act.PlannedBytes >= 0.05 * bytes[act.Session]));
    }

    [Fact]
    public void Active_sessions_are_cut_less_than_equal_idle_ones()
    {
        PressureCandidate idle = Devices.Candidate(3, "idle", 400) with { MayLeave = false };
        PressureCandidate active = Devices.Candidate(3, "active", 400) with { MayLeave = false, IsActive = true };
        PressureDecision decision = _controller.Decide(Devices.Full([active, idle], 0.9), false);
        long Freed(string session) => decision.Acts.Where(a => Devices.SessionOf(a) == session).Sum(a => a.PlannedBytes);
        Assert.True(Freed("idle") > Freed("active"));
        Assert.Equal("idle", Devices.SessionOf(decision.Acts[0]));
    }

    [Fact]
    public void What_nobody_has_looked_at_yet_is_dear_where_scores_were_merely_observed()
    {
        PressureCandidate merely = Devices.Candidate(3, "observed", 400) with { SecondsToReturn = 0.2, ReturnChance = 1, IsMerelyObserved = true };
        PressureCandidate replayed = merely with { Session = "replayed", IsMerelyObserved = false };
        var controller = new PressureController(new PressureOptions { ObservedFactor = 1, ObservedDoubt = 1, SecondsPerMass = 1 });
        Assert.IsType<DropAct>(Assert.Single(controller.Decide(Devices.Full([merely with { HasColdCopy = true }], 1), false).Acts));
        Assert.IsType<CompressAct>(Assert.Single(controller.Decide(Devices.Full([replayed with { HasColdCopy = true }], 1), false).Acts));
        Assert.Throws<PolicyException>(() => new PressureController(new PressureOptions { ObservedDoubt = 1.5 }));
    }

    [Theory]
    [InlineData(0.5, 0, true)]
    [InlineData(0.5, 1000, true)]
    [InlineData(1e5, 0, true)]
    [InlineData(1e5, 1000, false)]
    [InlineData(double.PositiveInfinity, 0, false)]
    public void An_answer_that_ends_soon_or_keeps_nobody_waiting_is_not_cut(double secondsToEnd, long waiting, bool waits)
    {
        PressureCandidate answering = Devices.Candidate(3, "answering", 400) with
        {
            MayLeave = false,
            IsActive = true,
            IsMerelyObserved = true,
            SecondsToEnd = secondsToEnd,
        };
        PressureDecision decision = _controller.Decide(Devices.Full([answering], 0.9, waiting), false);
        Assert.True(decision.IsPressing);
        Assert.Equal(waits, decision.Acts.Count == 0);
        Assert.NotEmpty(_controller.Decide(Devices.Full([answering with { IsMerelyObserved = false }], 0.9, waiting), false).Acts);
    }

    [Fact]
    public void Sessions_whose_scores_were_merely_observed_are_cut_less_than_those_that_were_replayed()
    {
        PressureCandidate replayed = Devices.Candidate(3, "replayed", 400) with { MayLeave = false };
        PressureCandidate observed = Devices.Candidate(3, "observed", 400) with { MayLeave = false, IsMerelyObserved = true };
        PressureDecision decision = _controller.Decide(Devices.Full([observed, replayed], 0.9), false);
        long Freed(string session) => decision.Acts.Where(a => Devices.SessionOf(a) == session).Sum(a => a.PlannedBytes);
        Assert.True(Freed("replayed") > Freed("observed"));
        Assert.Throws<PolicyException>(() => new PressureController(new PressureOptions { ObservedFactor = 0.5 }));
    }

    [Fact]
    public void Acts_come_in_the_order_drop_idle_active_demote_refuse()
    {
        PressureCandidate[] candidates = [.. Devices.Many(60).Select((c, i) => c with { IsActive = i % 4 == 0, HasColdCopy = i % 3 == 0, MayLeave = i % 5 != 0 })];
        PressureDecision decision = _controller.Decide(Devices.Full(candidates, 1.5, waiting: 1L << 40), false);
        int[] ranks = [.. decision.Acts.Select(a => a switch { DropAct => 0, CompressAct { IsActive: false } => 1, CompressAct => 2, DemoteAct => 3, _ => 4 })];
        Assert.Equal(ranks.Order(), ranks);
        Assert.Equal(5, ranks.Distinct().Count());
    }

    [Fact]
    public void A_tenant_is_never_taken_below_its_guarantee()
    {
        PressureCandidate[] candidates = [.. Devices.Many(60).Select((c, i) => c with { Tenant = i % 2 == 0 ? "gold" : "plain", ReturnChance = i % 2 == 0 ? 0.01 : 0.9 })];
        long gold = candidates.Where(c => c.Tenant == "gold").Sum(c => c.Bytes);
        PressureSnapshot snapshot = Devices.Full(candidates, 1.2) with
        {
            Tenants = new Dictionary<string, TenantBytes> { ["gold"] = new(gold, (long)(0.9 * gold)) },
        };
        PressureDecision decision = _controller.Decide(snapshot, false);
        HashSet<string> goldSessions = [.. candidates.Where(c => c.Tenant == "gold").Select(c => c.Session)];
        long taken = decision.Acts.Where(a => goldSessions.Contains(Devices.SessionOf(a))).Sum(a => a.PlannedBytes);
        Assert.InRange(taken, 0.05 * gold, 0.1 * gold);
        Assert.True(decision.PlannedBytes >= decision.WantedBytes);
    }

    [Fact]
    public void A_session_without_scores_is_cut_to_sinks_and_recents_and_says_so()
    {
        ScoreHistogram unscored = ScoreHistogram.Unscored([400, 400], [Devices.EntryBytes, Devices.EntryBytes], [20, 20], Devices.Page);
        PressureCandidate blind = new() { Session = "blind", Bytes = unscored.PageBytes, Histogram = unscored, ReturnChance = 0.5, SecondsToReturn = 1e9 };
        PressureDecision decision = _controller.Decide(Devices.Full([blind], 2), false);
        CompressAct act = Assert.IsType<CompressAct>(Assert.Single(decision.Acts));
        Assert.Equal(ScoreFault.Absent, act.Fault);
        Assert.InRange(act.MassShare, 0.4, 1);
    }

    [Fact]
    public void A_session_without_scores_gives_no_way_before_entries_that_are_worth_less()
    {
        ScoreHistogram unscored = ScoreHistogram.Unscored([400, 400], [Devices.EntryBytes, Devices.EntryBytes], [20, 20], Devices.Page);
        PressureCandidate blind = new() { Session = "blind", Bytes = unscored.PageBytes, Histogram = unscored, ReturnChance = 0.5, SecondsToReturn = 1e9 };
        PressureCandidate scored = Devices.Candidate(3, "scored", 400) with { ReturnChance = 0.5, SecondsToReturn = 1e9 };
        PressureDecision decision = _controller.Decide(Devices.Full([blind, scored], 0.86), false);
        Assert.Equal("scored", Devices.SessionOf(Assert.Single(decision.Acts)));
    }

    [Fact]
    public void A_long_queue_does_not_empty_the_device()
    {
        PressureSnapshot snapshot = Devices.Full(Devices.Many(40), 0.8);
        PressureDecision decision = _controller.Decide(snapshot with { WaitingBytes = 10 * snapshot.LimitBytes, FirstWaitingBytes = 1 }, false);
        Assert.InRange(decision.WantedBytes, 0.2 * snapshot.LimitBytes, 0.26 * snapshot.LimitBytes);
        Assert.DoesNotContain(decision.Acts, a => a is RefuseAct);
    }

    [Fact]
    public void A_device_that_frees_less_than_planned_is_asked_again_until_it_is_low()
    {
        PressureCandidate[] candidates = Devices.Many(40);
        PressureSnapshot snapshot = Devices.Full(candidates);
        PressureDecision decision = _controller.Decide(snapshot, false);
        int rounds = 0;
        while (decision.IsPressing)
        {
            // Of each act only its half comes free.
            snapshot = snapshot with { UsedBytes = snapshot.UsedBytes - Math.Max(1, decision.PlannedBytes / 2) };
            decision = _controller.Decide(snapshot, decision.IsPressing);
            Assert.True(++rounds < 60);
        }

        Assert.True(snapshot.UsedBytes <= 0.7 * snapshot.LimitBytes);
    }

    [Fact]
    public void When_all_generate_nothing_is_touched_and_waiting_turns_learn_when_to_return()
    {
        PressureCandidate[] candidates = [.. Devices.Many(10).Select(c => c with { Histogram = null, MayLeave = false, IsActive = true })];
        PressureSnapshot snapshot = Devices.Full(candidates, 0.95, waiting: 1_000_000) with
        {
            Outlook = new AdmissionOutlook { Running = [new RunningTurn(7.2, 400_000), new RunningTurn(30, 5_000_000)] },
        };
        RefuseAct refusal = Assert.IsType<RefuseAct>(Assert.Single(_controller.Decide(snapshot, false).Acts));
        Assert.Equal(snapshot.UsedBytes + 1_000_000 - snapshot.LimitBytes, refusal.MissingBytes);
        Assert.Equal(TimeSpan.FromSeconds(30), refusal.RetryAfter);
        Assert.Equal(PressureCauseKind.HighWatermark, refusal.Cause.Kind);
    }

    [Fact]
    public void Waiting_turns_make_room_before_the_high_watermark_is_reached()
    {
        PressureCandidate[] candidates = Devices.Many(20);
        PressureSnapshot snapshot = Devices.Full(candidates, 0.8);
        PressureDecision decision = _controller.Decide(snapshot with { WaitingBytes = snapshot.LimitBytes / 10 }, false);
        Assert.Equal(PressureCauseKind.WaitingTurns, decision.Acts[0].Cause.Kind);
        Assert.DoesNotContain(decision.Acts, a => a is RefuseAct);
        Assert.True(decision.PlannedBytes >= snapshot.UsedBytes + (snapshot.LimitBytes / 10) - (0.7 * snapshot.LimitBytes));
    }

    [Fact]
    public void More_bytes_wanted_never_cost_less()
    {
        PressureCandidate[] candidates = Devices.Many(50);
        double last = 0;
        for (double used = 0.86; used < 3; used += 0.1)
        {
            double cost = _controller.Decide(Devices.Full(candidates, used), false).Acts.Sum(a => a.Cost);
            Assert.True(cost >= last * 0.98, $"{cost} at {used} after {last}");
            last = cost;
        }
    }

    [Fact]
    public void Weighing_both_costs_no_more_than_compressing_alone_or_leaving_alone()
    {
        PressureCandidate[] candidates = Devices.Many(60);
        double Cost(IEnumerable<PressureCandidate> some)
        {
            PressureDecision decision = _controller.Decide(Devices.Full([.. some], 1.0), false);
            Assert.True(decision.PlannedBytes >= decision.WantedBytes);
            return decision.Acts.Sum(a => a.Cost);
        }

        double both = Cost(candidates);
        Assert.True(both <= Cost(candidates.Select(c => c with { MayLeave = false })) * 1.001);
        Assert.True(both <= Cost(candidates.Select(c => c with { Histogram = null })) * 1.001);
    }

    [Fact]
    public void Options_and_candidates_out_of_range_are_named()
    {
        Assert.Contains("low watermark 0.9", Assert.Throws<PolicyException>(() => new PressureController(new PressureOptions { LowWatermark = 0.9 })).Message);
        Assert.Contains("high watermark 1.5", Assert.Throws<PolicyException>(() => new PressureController(new PressureOptions { HighWatermark = 1.5 })).Message);
        PressureCandidate bad = Devices.Candidate(1) with { ReturnChance = double.NaN };
        Assert.Contains("s0001", Assert.Throws<ArgumentException>(() => _controller.Decide(Devices.Full([bad]), false)).Message);
        PressureCandidate twice = Devices.Candidate(1);
        Assert.Contains("named twice", Assert.Throws<ArgumentException>(() => _controller.Decide(Devices.Full([twice, twice]), false)).Message);
    }

    private static string Text(PressureAct act) =>
        $"{act.GetType().Name} {Devices.SessionOf(act)} {act.PlannedBytes} {act.Cost:R} {(act is CompressAct c ? string.Join(',', c.Keep) : "")}";
}
