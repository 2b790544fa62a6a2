namespace KVCluster.Grains.Tests.Cluster;

/// <summary>Several nodes: placement, moves, forks, directories.</summary>
public sealed class MoveTests(NeedleModel needle) : ScriptedFixture(needle)
{
    [Fact]
    public async Task A_session_moves_with_its_cache()
    {
        GrainCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("s");
        string from = (await session.Create(new SessionOptions())).Node;
        string to = cluster.Nodes.Single(node => node != from);
        await session.SayAsync([1, 2]);
        await session.Move(to);
        SessionInfo info = await session.Describe();
        Assert.Equal((to, 2), (info.Node, info.Epoch));
        Assert.Empty(cluster.Worker<ScriptedWorker>(from).Resident);
        Assert.Equal(1, cluster.Worker<ScriptedWorker>(to).Prefetches);
        TurnResult result = await session.SayAsync([3]);
        Assert.Equal(6, result.CachedTokens);
        await session.HasHistoryAsync(Turns.Answered(Turns.Answered([], [1, 2], 4), [3], 4));
    }

    [Fact]
    public async Task Moving_to_where_it_is_changes_nothing_and_to_nowhere_is_refused()
    {
        (_, ISessionGrain session, _) = await OneAsync();
        await session.SayAsync([1]);
        await session.Move("node-0");
        Assert.Equal(1, (await session.Describe()).Epoch);
        await Assert.ThrowsAsync<NodeNotFoundException>(() => session.Move("node-9"));
        Assert.Equal(10, (await session.SayAsync([1])).TotalTokens);
    }

    [Fact]
    public async Task A_session_comes_back_to_the_node_that_has_its_cache()
    {
        GrainCluster cluster = await StartAsync(3);
        Dictionary<string, string> homes = [];
        for (int i = 0; i < 12; i++)
        {
            ISessionGrain session = cluster.Session($"s{i}");
            homes[$"s{i}"] = (await session.Create(new SessionOptions())).Node;
            await session.SayAsync([i]);
        }

        Assert.Equal(3, homes.Values.Distinct().Count());
        await cluster.DeactivateAllAsync(Time);
        await cluster.ReportAsync();
        foreach ((string id, string home) in homes)
        {
            SessionInfo info = await cluster.Session(id).Describe();
            Assert.Equal((home, 2), (info.Node, info.Epoch));
        }
    }

    [Fact]
    public async Task A_drained_node_gets_no_session()
    {
        GrainCluster cluster = await StartAsync(2);
        await cluster.Engine.Client.GetGrain<INodeGrain>("node-0").Drain();
        await cluster.ReportAsync();
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal("node-1", (await cluster.Session($"s{i}").Create(new SessionOptions())).Node);
        }
    }

    [Fact]
    public async Task A_nodes_grain_runs_on_its_node()
    {
        GrainCluster cluster = await StartAsync(3);
        foreach (string node in cluster.Nodes)
        {
            NodeReport report = await cluster.Engine.Client.GetGrain<INodeGrain>(node).Status();
            Assert.Equal(node, report.Node);
            Assert.Equal(64_000, report.Devices.Single().TotalBytes);
        }

        await Assert.ThrowsAsync<NodeNotFoundException>(() => cluster.Engine.Client.GetGrain<INodeGrain>("node-9").Status());
        Assert.Equal(3, (await cluster.Engine.Client.GetGrain<IDeviceDirectoryGrain>(0).List()).Length);
    }

    [Fact]
    public async Task A_node_that_was_asked_for_before_it_was_there_is_found_when_it_is()
    {
        GrainCluster cluster = await StartAsync(2);
        INodeGrain node = cluster.Engine.Client.GetGrain<INodeGrain>("node-2");
        await Assert.ThrowsAsync<NodeNotFoundException>(() => node.Status());
        await cluster.AddAsync("node-2");
        await cluster.DeactivateAllAsync(Time);
        try
        {
            await node.Status();
        }
        catch (NodeNotFoundException)
        {
            // On Orleans the call may have gone to where the grain was before, and the grain is on its way from there.
        }

        Assert.Equal("node-2", (await node.Status()).Node);
    }

    [Fact]
    public async Task A_fork_begins_with_the_history_and_shares_the_cache()
    {
        GrainCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("s");
        string node = (await session.Create(new SessionOptions { Priority = 3 })).Node;
        await session.SayAsync([1, 2]);
        SessionInfo fork = await session.Fork(new ForkRequest { Session = "f" });
        Assert.Equal((node, "s", 6, 3), (fork.Node, fork.Parent, fork.Tokens, fork.Options.Priority));
        Assert.Equal(6, cluster.Worker<ScriptedWorker>(node).TokensOf(new("t", "f")).Length);
        await cluster.Session("f").SayAsync([3]);
        await session.SayAsync([4]);
        int[] common = Turns.Answered([], [1, 2], 4);
        await cluster.Session("f").HasHistoryAsync(Turns.Answered(common, [3], 4));
        await session.HasHistoryAsync(Turns.Answered(common, [4], 4));
    }

    [Fact]
    public async Task A_fork_may_begin_earlier_and_is_made_once()
    {
        GrainCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("s");
        await session.Create(new SessionOptions());
        await session.SayAsync([1, 2]);
        var request = new ForkRequest { Session = "f", Tokens = 2 };
        await session.Fork(request);
        Assert.Equal(2, (await session.Fork(request)).Tokens);
        await cluster.Session("f").HasHistoryAsync([1, 2]);
        await cluster.Session("f").SayAsync([3]);
        await Assert.ThrowsAsync<SessionExistsException>(() => session.Fork(request));
        await Assert.ThrowsAsync<InvalidRequestException>(() => session.Fork(new ForkRequest { Session = "g", Tokens = 7 }));
        await Assert.ThrowsAsync<InvalidRequestException>(() => session.Fork(new ForkRequest { Session = "s" }));
        await Assert.ThrowsAsync<InvalidRequestException>(() => session.Fork(new ForkRequest { Session = "a/b" }));
    }

    [Fact]
    public async Task A_fork_that_had_no_turn_yet_is_forked_moved_and_closed_with_its_cache()
    {
        GrainCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("s");
        string node = (await session.Create(new SessionOptions())).Node;
        string other = cluster.Nodes.Single(name => name != node);
        await session.SayAsync([1, 2]);
        foreach (string id in (string[])["moved", "forked", "closed"])
        {
            await session.Fork(new ForkRequest { Session = id });
        }

        await cluster.Session("forked").Fork(new ForkRequest { Session = "again" });
        await cluster.Session("moved").Move(other);
        await cluster.Session("closed").Close();
        Assert.Equal(other, (await cluster.Session("moved").Describe()).Node);
        Assert.Equal(
            ["again", "forked", "s"],
            cluster.Worker<ScriptedWorker>(node).Resident.Select(key => key.Session).Order(StringComparer.Ordinal));
        Assert.Equal(6, (await cluster.Session("moved").SayAsync([3])).CachedTokens);
    }

    [Fact]
    public async Task Two_sessions_that_fork_into_each_other_do_not_wait_for_ever()
    {
        GrainCluster cluster = await StartAsync(1);
        foreach (string id in (string[])["a", "b"])
        {
            await cluster.Session(id).Create(new SessionOptions());
        }

        Task[] forks =
        [
            cluster.Session("a").Fork(new ForkRequest { Session = "b" }), cluster.Session("b").Fork(new ForkRequest { Session = "a" }),
        ];
        foreach (Task fork in forks)
        {
            await Assert.ThrowsAsync<SessionExistsException>(() => fork.WaitAsync(Turns.Patience));
        }
    }

    [Fact]
    public async Task Idle_caches_are_saved_behind_the_turn()
    {
        (_, ISessionGrain session, ScriptedWorker worker) = await OneAsync(
            configure: options => options.IdleSaveDelay = TimeSpan.FromSeconds(5));
        await session.SayAsync([1]);
        Time.Advance(TimeSpan.FromSeconds(4));
        await session.SayAsync([1]);
        Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, worker.Saves);
        Time.Advance(TimeSpan.FromSeconds(1));
        using var patience = new CancellationTokenSource(Turns.Patience);
        while (worker.Saves == 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal(10, Cold.Find(new("t", "s")).Length);
        Assert.Equal(40, (await session.Describe()).Cache.ColdBytes);
    }

    [Fact]
    public async Task A_session_that_is_deactivated_saves_its_cache_once()
    {
        (GrainCluster cluster, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        await session.SayAsync([1]);
        await cluster.DeactivateAllAsync(Time);
        Assert.Equal(5, (await session.Describe()).Tokens);
        await cluster.DeactivateAllAsync(Time);
        Assert.Equal(1, worker.Saves);
    }

    [Fact]
    public async Task A_stopped_silos_sessions_go_on_elsewhere_with_their_caches()
    {
        GrainCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("s");
        string node = (await session.Create(new SessionOptions())).Node;
        await session.SayAsync([1]);
        await cluster.StopAsync(node);
        TurnResult result = await session.SayAsync([2]);
        Assert.Equal((5, 5), (result.HistoryTokens, result.CachedTokens));
        Assert.NotEqual(node, (await session.Describe()).Node);
    }

    [Fact]
    public async Task The_tenants_index_lists_its_sessions_in_pages_and_nobody_elses()
    {
        GrainCluster cluster = await StartAsync(2);
        for (int i = 0; i < 25; i++)
        {
            await cluster.Session($"s{i:00}").Create(new SessionOptions());
        }

        await cluster.Session("alien", tenant: "u").Create(new SessionOptions());
        await cluster.Session("s03").SayAsync([1]);
        await cluster.Session("s04").Close();
        ITenantIndexGrain index = cluster.Engine.Client.GetGrain<ITenantIndexGrain>("t");
        List<SessionSummary> all = [];
        string? after = null;
        do
        {
            SessionPage page = await index.List(after, 10);
            all.AddRange(page.Sessions);
            after = page.Next;
        }
        while (after is not null);
        Assert.Equal(Enumerable.Range(0, 25).Where(i => i != 4).Select(i => $"s{i:00}"), all.Select(session => session.Session));
        Assert.Equal(24, await index.Count());
        Assert.Equal(5, all.Single(session => session.Session == "s03").Tokens);
        await Assert.ThrowsAsync<InvalidRequestException>(() => index.List(null, 0));
        await Assert.ThrowsAsync<InvalidRequestException>(() => cluster.Engine.Client.GetGrain<ITenantIndexGrain>("a/b").Count());
    }

    [Fact]
    public async Task The_prefix_directory_finds_the_session_with_the_longest_beginning()
    {
        GrainCluster cluster = await StartAsync(2);
        int[] prompt = [.. Enumerable.Range(0, 100)];
        foreach (string id in (string[])["short", "long"])
        {
            await cluster.Session(id).Create(new SessionOptions());
            await cluster.Session(id).SayAsync(id == "short" ? prompt[..40] : prompt);
        }

        IPrefixDirectoryGrain directory = cluster.Engine.Client.GetGrain<IPrefixDirectoryGrain>("t");
        int[] asked = [.. await cluster.Session("long").HistoryAsync(), 1, 2, 3];

        // The directory is told at the end of a turn, and nobody waits for it.
        using CancellationTokenSource patience = new(Turns.Patience);
        while (await directory.Find(BlockHashes.Of(asked)) != new PrefixMatch("long", 96))
        {
            await Task.Delay(5, patience.Token);
        }

        Assert.Null(await cluster.Engine.Client.GetGrain<IPrefixDirectoryGrain>("u").Find(BlockHashes.Of(asked)));
        await cluster.Session("long").Close();
        Assert.Equal(new PrefixMatch("short", 32), await directory.Find(BlockHashes.Of(asked)));
    }
}
