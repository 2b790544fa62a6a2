using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Grains.Tests.Pressure;

/// <summary>Compression and allocator grains over real devices, and what they must not stop.</summary>
public sealed class PressureGrainTests
{
    private static readonly DevicePressureOptions Cutting = new()
    {
        Weighing = new() { SecondsPerMass = 1e-3 },
        Floors = new() { Sinks = 4, Recents = 16 },
        RestorePriority = null,
    };

    [Fact]
    public async Task A_devices_grain_runs_on_its_node_and_tells_what_was_done()
    {
        await using DeviceCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("a");
        string node = (await session.Create(new SessionOptions())).Node;
        await session.Append(new AppendRequest { Prompt = Prompt.OfTokens(Tokens(400)) });
        ICompressionGrain grain = Grain(cluster, node);
        PressureReport quiet = await grain.Status();
        Assert.Equal((node, "cpu:0", false), (quiet.Node, quiet.Device, quiet.IsPressing));
        Assert.Empty(quiet.Events);
        Assert.True(quiet.LowBytes < quiet.HighBytes && quiet.HighBytes < quiet.LimitBytes && quiet.UsedBytes > 0);

        Lower(cluster, node, quiet.UsedBytes);
        PressureReport pressed = await grain.Relieve();
        Assert.NotEmpty((await grain.Status()).Events);
        PressureEvent last = (await grain.Status()).Events[^1];
        Assert.Equal("t/a", last.Session);
        Assert.True(last.FreedBytes > 0 && last.Number >= 1 && pressed.UsedBytes < quiet.UsedBytes);
        PressureEvent cut = (await grain.Status()).Events.First(e => e.Kind == PressureEventKind.Compress);
        Assert.Contains(cut.Cause, (string[])["high-watermark", "asked"]);
        Assert.All(cut.KeptPerLayer, kept => Assert.InRange(kept, 1, 399));
        Assert.True(cut.KeptPerLayer.Length > 1 && cut.DroppedMass is > 0 and < 1);
        Assert.Empty((await grain.Status(last.Number)).Events);
        Assert.Equal((await grain.Status()).Events.Sum(e => e.FreedBytes), pressed.Totals.Sum(t => t.FreedBytes));
        await Assert.ThrowsAsync<NodeNotFoundException>(() => Grain(cluster, "node-9").Status());
        await Assert.ThrowsAsync<NodeNotFoundException>(() =>
            cluster.Grains.Engine.Client.GetGrain<ICompressionGrain>($"{node}/cpu:9").Status());
    }

    [Fact]
    public async Task Nodes_hold_leases_and_the_allocator_shows_them()
    {
        await using DeviceCluster cluster = await StartAsync(2);
        await BalanceAsync(cluster);
        await BalanceAsync(cluster);
        AllocatorReport report = await cluster.Grains.Engine.Client.GetGrain<IAllocatorGrain>(0).Status();
        Assert.Equal(["node-0", "node-1"], report.Grants.Select(g => g.Node));
        Assert.True((await Grain(cluster, "node-0").Status()).HasLiveLease);
        Assert.All(report.Grants, g => Assert.Equal(Ledger(cluster, g.Node).TotalBytes, g.Bytes));
    }

    [Fact]
    public async Task A_cluster_that_may_hold_less_than_there_is_keeps_to_it()
    {
        await using DeviceCluster cluster = await StartAsync(2, options => options.Leases = options.Leases with { ClusterBytes = 3_000_000 });
        for (int i = 0; i < 6; i++)
        {
            await Begin(cluster, $"s{i}", 300);
        }

        for (int round = 0; round < 3; round++)
        {
            await BalanceAsync(cluster);
            foreach (string node in cluster.Grains.Nodes)
            {
                await Grain(cluster, node).Relieve();
            }
        }

        long limit = 0;
        long used = 0;
        foreach (string node in cluster.Grains.Nodes)
        {
            PressureReport report = await Grain(cluster, node).Status();
            limit += report.LimitBytes;
            used += report.UsedBytes;
        }

        Assert.InRange(limit, 1, 3_000_000);
        Assert.InRange(used, 1, limit);
        foreach (int i in Enumerable.Range(0, 6))
        {
            Assert.Equal(301 + 4, (await cluster.Session($"s{i}").InsistAsync(s => s.SayAsync([5]))).TotalTokens);
        }
    }

    [Fact]
    public async Task Sessions_move_from_a_node_that_is_short_to_one_that_is_not()
    {
        DevicePressureOptions late = Cutting with { Weighing = new() { HighWatermark = 1, LowWatermark = 0.99 } };
        await using DeviceCluster cluster = await StartAsync(
            1, options => options.BalancePeriod = TimeSpan.FromMilliseconds(50), arenaTokens: 1024, pressure: late);
        for (int i = 0; i < 3; i++)
        {
            await Begin(cluster, $"s{i}", 300);
        }

        await cluster.Grains.AddAsync("node-1");
        MemoryBalancer source = cluster.Grains.Service<MemoryBalancer>("node-0");
        using var patience = new CancellationTokenSource(Turns.Patience);
        while (source.MovedSessions == 0)
        {
            await Task.Delay(5, patience.Token);
        }

        await source.Moving.WaitAsync(Turns.Patience);
        AllocatorReport round = await cluster.Grains.Engine.Client.GetGrain<IAllocatorGrain>(0).Status();
        Assert.Contains(round.RecentMoves, move => (move.From, move.To) == ("node-0", "node-1"));
        string[] homes = [.. await Task.WhenAll(Enumerable.Range(0, 3).Select(async i =>
            (await cluster.Session($"s{i}").InsistAsync(s => s.Describe())).Node))];
        Assert.Contains("node-1", homes);
        Assert.Contains("node-0", homes);
        foreach (int i in Enumerable.Range(0, 3))
        {
            TurnResult result = await cluster.Session($"s{i}").InsistAsync(s => s.SayAsync([5]));
            Assert.Equal((300, 305), (result.HistoryTokens, result.TotalTokens));
        }
    }

    [Fact]
    public async Task The_allocators_node_is_killed_and_everything_goes_on()
    {
        await using DeviceCluster cluster = await StartAsync(3);
        await BalanceAsync(cluster);
        await BalanceAsync(cluster);
        long before = (await cluster.Grains.Engine.Client.GetGrain<IAllocatorGrain>(0).Status()).Round;
        foreach (string node in cluster.Grains.Nodes.Order(StringComparer.Ordinal).Take(2).ToArray())
        {
            // One of the two has the allocator, or neither: either way it starts over on the last.
            await cluster.Grains.KillAsync(node);
            await BalanceAsync(cluster);
            await Begin(cluster, $"after-{node}", 100);
        }

        AllocatorReport report = await cluster.Grains.Engine.Client.GetGrain<IAllocatorGrain>(0).Status();
        Assert.True(report.Round > before, $"round {report.Round} after {before}");
        string left = Assert.Single(cluster.Grains.Nodes);
        Assert.True((await Grain(cluster, left).Status()).HasLiveLease);
    }

    [Fact]
    public async Task Without_an_allocator_the_last_lease_stays_and_devices_act_by_themselves()
    {
        var time = new ManualTime();
        await using DeviceCluster cluster = await StartAsync(1, arenaTokens: 1024, time: time);
        MemoryBalancer balancer = cluster.Grains.Service<MemoryBalancer>("node-0");
        long total = Ledger(cluster, "node-0").TotalBytes;
        balancer.Apply(Grant(round: 5, total / 2));
        time.Advance(TimeSpan.FromMinutes(1));
        PressureReport report = await Grain(cluster, "node-0").Status();
        Assert.Equal((false, total / 2), (report.HasLiveLease, report.LimitBytes));
        await Begin(cluster, "a", 200);
        await Begin(cluster, "b", 200);
        await Grain(cluster, "node-0").Relieve();
        report = await Grain(cluster, "node-0").Status();
        Assert.NotEmpty(report.Events);
        Assert.True(report.UsedBytes <= report.HighBytes);
    }

    [Fact]
    public async Task Late_leases_and_those_of_others_are_ignored_however_far_clocks_are_apart()
    {
        var time = new ManualTime();
        await using DeviceCluster cluster = await StartAsync(1, time: time);
        MemoryBalancer balancer = cluster.Grains.Service<MemoryBalancer>("node-0");
        long total = Ledger(cluster, "node-0").TotalBytes;
        balancer.Apply(Grant(round: 50, total / 2));
        balancer.Apply(Grant(round: 49, total / 4));
        balancer.Apply(Grant(round: 60, total / 4) with { Node = "node-7" });
        time.SetDate(new DateTimeOffset(1990, 1, 1, 0, 0, 0, TimeSpan.Zero));
        PressureReport report = await Grain(cluster, "node-0").Status();
        Assert.Equal((true, total / 2), (report.HasLiveLease, report.LimitBytes));
        time.SetDate(new DateTimeOffset(2090, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.True((await Grain(cluster, "node-0").Status()).HasLiveLease);

        // An allocator that knows nothing of round 50 goes on from it.
        await BalanceAsync(cluster);
        report = await Grain(cluster, "node-0").Status();
        Assert.Equal(total, report.LimitBytes);
        Assert.Equal(51, (await cluster.Grains.Engine.Client.GetGrain<IAllocatorGrain>(0).Status()).Round);
    }

    [Fact]
    public async Task A_tenants_limit_is_enforced_and_a_guarantee_kept()
    {
        var terms = new Terms
        {
            Promises = { ["tight"] = new TenantPromise(1, 0, 1_000_000), ["gold"] = new TenantPromise(1, long.MaxValue / 4, null) },
        };
        await using DeviceCluster cluster = await StartAsync(1, arenaTokens: 2048, terms: terms);
        await BalanceAsync(cluster);
        foreach (string tenant in (string[])["gold", "tight"])
        {
            for (int i = 0; i < 2; i++)
            {
                ISessionGrain session = cluster.Grains.Session($"s{i}", tenant);
                await session.Create(new SessionOptions());
                await session.Append(new AppendRequest { Prompt = Prompt.OfTokens(Tokens(300, i)) });
                await BalanceAsync(cluster);
            }
        }

        // Terms are heeded before the device's next step.
        using var patience = new CancellationTokenSource(Turns.Patience);
        PressureEvent[] events = [];
        while (events.Length == 0)
        {
            events = (await Grain(cluster, "node-0").Status(cancellationToken: patience.Token)).Events;
            await Task.Delay(5, patience.Token);
        }

        DeviceMemory memory = await cluster.Grains.Worker<DeviceWorker>("node-0").Pressure.MeasureAsync(default);
        Assert.InRange(memory.Needs["tight"], 1, 1_000_000);
        Assert.True(memory.Needs["gold"] > 1_000_000);
        Assert.All(events, e => Assert.StartsWith("tight/", e.Session, StringComparison.Ordinal));
        Assert.Contains(events, e => e.Cause == "tenant-limit");
    }

    [Fact]
    public async Task A_pin_keeps_a_cache_goes_along_with_a_move_and_can_be_refused()
    {
        await using DeviceCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("a");
        string from = (await session.Create(new SessionOptions())).Node;
        await session.Append(new AppendRequest { Prompt = Prompt.OfTokens(Tokens(300)) });
        Assert.Null((await session.Describe()).PinnedUntil);
        SessionInfo pinned = await session.Pin(new PinRequest { Duration = TimeSpan.FromMinutes(5) });
        Assert.InRange(pinned.PinnedUntil!.Value, DateTimeOffset.UtcNow.AddMinutes(4), DateTimeOffset.UtcNow.AddMinutes(5));
        Lower(cluster, from, 1000);
        await Grain(cluster, from).Relieve();
        Assert.True((await session.Describe()).Cache.IsExact);
        Assert.Equal(300, (await session.Describe()).Cache.Tokens);
        await Assert.ThrowsAsync<InvalidRequestException>(() => session.Pin(new PinRequest { Duration = TimeSpan.FromDays(2) }));

        string to = cluster.Grains.Nodes.Single(node => node != from);
        await session.Move(to);
        SessionInfo moved = await session.InsistAsync(s => s.Describe());
        Assert.Equal(to, moved.Node);
        Assert.NotNull(moved.PinnedUntil);
        Assert.Null((await session.Pin(new PinRequest { Duration = TimeSpan.Zero })).PinnedUntil);
    }

    [Fact]
    public async Task A_pin_holds_over_the_loss_of_its_node_and_ends_by_the_clock()
    {
        var time = new ManualTime();
        await using DeviceCluster cluster = await StartAsync(2, time: time);
        ISessionGrain session = cluster.Session("a");
        string from = (await session.Create(new SessionOptions())).Node;
        await session.Append(new AppendRequest { Prompt = Prompt.OfTokens(Tokens(300)) });
        DateTimeOffset until = (await session.Pin(new PinRequest { Duration = TimeSpan.FromMinutes(5) })).PinnedUntil!.Value;
        Assert.Equal(time.GetUtcNow().AddMinutes(5), until);

        await cluster.Grains.KillAsync(from);
        SessionInfo back = await session.InsistAsync(s => s.Describe());
        Assert.NotEqual(from, back.Node);
        Assert.Equal(until, back.PinnedUntil);
        await session.InsistAsync(s => s.SayAsync([5]));
        Assert.NotNull(await PinnedFor(cluster, back.Node));
        Lower(cluster, back.Node, 1000);
        await Grain(cluster, back.Node).Relieve();
        Assert.True((await session.Describe()).Cache is { IsExact: true, Tokens: > 300 });

        time.Advance(TimeSpan.FromMinutes(6));
        Assert.Null((await session.Describe()).PinnedUntil);
        Assert.Null(await PinnedFor(cluster, back.Node));
        await Grain(cluster, back.Node).Relieve();
        CacheInfo cut = (await session.Describe()).Cache;
        Assert.True(cut.Tokens == 0 || !cut.IsExact);
    }

    [Fact]
    public async Task A_device_that_does_not_take_a_pin_again_leaves_its_session_unpinned_and_says_so()
    {
        await using DeviceCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("a");
        await Begin(cluster, "a", 200);
        string from = (await session.Pin(new PinRequest { Duration = TimeSpan.FromMinutes(5) })).Node;
        string to = cluster.Grains.Nodes.Single(node => node != from);

        // Another's pinned cache takes all that may be pinned there.
        var other = new SessionKey("t", "z");
        DeviceWorker worker = cluster.Grains.Worker<DeviceWorker>(to);
        await worker.Pressure.PinAsync(other, 1, TimeSpan.FromMinutes(5), default);
        await foreach (TurnEvent _ in worker.RunAsync(new TurnRequest { Session = other, Epoch = 1, History = Array.Empty<int>(), Prompt = Tokens(300) }, default))
        {
        }

        Lower(cluster, to, Ledger(cluster, to).EvictableBytes);
        await cluster.Grains.KillAsync(from);
        SessionInfo back = await session.InsistAsync(s => s.Describe());
        Assert.Equal((to, null), (back.Node, back.PinnedUntil));
        Assert.Null(await PinnedFor(cluster, to));
    }

    private static async Task<TimeSpan?> PinnedFor(DeviceCluster cluster, string node, string session = "a") =>
        (await cluster.Grains.Worker<DeviceWorker>(node).DescribeAsync(new SessionKey("t", session), default))!.PinnedFor;

    private static Task<DeviceCluster> StartAsync(
        int silos, Action<GrainOptions>? configure = null, int arenaTokens = 2048, TimeProvider? time = null, ITenantTerms? terms = null,
        DevicePressureOptions? pressure = null) =>
        DeviceCluster.StartAsync(
            silos, () => NeedleModel.Open(arenaTokens), configure, new DeviceWorkerOptions
            {
                IdleScores = null,
                Pressure = pressure ?? Cutting,
                Time = time ?? TimeProvider.System,
            },
            time,
            terms);

    private static ICompressionGrain Grain(DeviceCluster cluster, string node) =>
        cluster.Grains.Engine.Client.GetGrain<ICompressionGrain>($"{node}/cpu:0");

    private static LedgerSnapshot Ledger(DeviceCluster cluster, string node) => cluster.Grains.Worker<DeviceWorker>(node).Status().Ledger;

    private static int[] Tokens(int count, int seed = 0) => [.. Enumerable.Range(0, count).Select(i => 20 + (((i * 7) + (seed * 13)) % 900))];

    private static async Task Begin(DeviceCluster cluster, string id, int tokens)
    {
        ISessionGrain session = cluster.Session(id);
        await session.InsistAsync(s => s.Create(new SessionOptions()));
        await session.InsistAsync(s => s.Append(new AppendRequest { Prompt = Prompt.OfTokens(Tokens(tokens, id[^1])) }));
    }

    private static async Task BalanceAsync(DeviceCluster cluster)
    {
        foreach (string node in cluster.Grains.Nodes)
        {
            MemoryBalancer balancer = cluster.Grains.Service<MemoryBalancer>(node);
            await balancer.BalanceAsync(CancellationToken.None).WaitAsync(Turns.Patience);
            await balancer.Moving.WaitAsync(Turns.Patience);
        }

        await cluster.Grains.ReportAsync();
    }

    private static void Lower(DeviceCluster cluster, string node, long bytes) =>
        cluster.Grains.Worker<DeviceWorker>(node).Pressure.Apply(new DeviceTerms(bytes));

    private static LeaseGrant Grant(long round, long bytes) => new()
    {
        Node = "node-0",
        Round = round,
        Bytes = bytes,
        Duration = TimeSpan.FromSeconds(15),
        Tenants = [],
        Moves = [],
    };

    private sealed class Terms : ITenantTerms
    {
        public Dictionary<string, TenantPromise> Promises { get; } = [];

        public bool HasLimits => true;

        public TenantPromise Of(string tenant) => Promises.GetValueOrDefault(tenant, new TenantPromise(1, 0, null));
    }
}
