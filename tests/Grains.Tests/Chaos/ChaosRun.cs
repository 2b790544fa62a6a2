using KVCluster.Worker.Serving;

namespace KVCluster.Grains.Tests.Chaos;

/// <summary>Rounds of random operations, each on sessions of its own.</summary>
internal sealed class ChaosRun(DeviceCluster cluster, Random random, ChaosCounts counts, bool cuts)
{
    private const int FirstToken = 10;
    private const int LastToken = 400;
    private const int ShortAnswer = 10;

    /// <summary>While a node goes: it shall meet turns.</summary>
    private const int LongAnswer = 100;

    /// <summary>Structured and ragged, by scores and by position.</summary>
    private static readonly string[] Policies = ["kvcompose", "kvcompose-unstructured", "snapkv", "streaming-llm"];

    private readonly List<ChaosSession> _sessions = [];
    private int _made;
    private int _nodes = 100;

    public IReadOnlyCollection<ChaosSession> Open => _sessions;

    /// <summary>
    /// Operations on some sessions at once; and, where asked for, a node that is killed or leaves in order while they run, and another in its place.
    /// </summary>
    public async Task<int> RoundAsync(int together, int limit, int longestHistory, bool loses)
    {
        List<Task> running = [];
        ChaosSession[] chosen = [.. random.GetItems([.. Enumerable.Range(0, Math.Max(1, _sessions.Count))], together).Distinct()
            .Where(i => i < _sessions.Count).Select(i => _sessions[i])];
        running.AddRange(chosen.Select(session => Start(session, limit, longestHistory, loses ? LongAnswer : ShortAnswer)));
        if (_sessions.Count < limit)
        {
            running.Add(AddAsync(new ChaosSession(cluster.Grains, $"s{_made++}", counts)));
        }

        if (loses)
        {
            string node = random.GetItems([.. cluster.Grains.Nodes.Order(StringComparer.Ordinal)], 1)[0];
            running.Add(counts.Kills <= counts.Drains ? KillAsync(node) : DrainAsync(node));
        }

        await Task.WhenAll(running);
        return running.Count;
    }

    private Task Start(ChaosSession session, int limit, int longestHistory, int longestAnswer)
    {
        int[] prompt = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(FirstToken, LastToken))];
        int few = random.Next(1, 10);
        string node = random.GetItems([.. cluster.Grains.Nodes.Order(StringComparer.Ordinal)], 1)[0];
        if (session.History.Length > longestHistory)
        {
            return RemoveAsync(session);
        }

        if (cuts && random.Next(100) < 40)
        {
            return random.Next(4) switch
            {
                < 2 => session.CutAsync(prompt, random.GetItems(Policies, 1)[0], 0.2 + (0.7 * random.NextDouble())),
                2 => session.MakeWholeAsync(),
                _ => session.DemoteAsync(),
            };
        }

        int choice = random.Next(100);
        return choice switch
        {
            < 45 => session.SayAsync(prompt, random.Next(1, longestAnswer)),
            < 57 => session.AppendAsync(prompt),
            < 67 => session.CancelAsync(prompt, few),
            < 77 => session.LeaveAsync(prompt, few),
            < 87 => session.MoveAsync(node),
            < 95 when _sessions.Count < limit - 1 => ForkAsync(session, $"s{_made++}"),
            < 98 => session.CheckAsync(),
            _ => RemoveAsync(session),
        };
    }

    private async Task AddAsync(ChaosSession session)
    {
        await session.CreateAsync();
        Keep(session);
    }

    private async Task ForkAsync(ChaosSession session, string id) => Keep(await session.ForkAsync(id));

    private async Task RemoveAsync(ChaosSession session)
    {
        lock (_sessions)
        {
            _sessions.Remove(session);
        }

        await session.CloseAsync();
    }

    private async Task KillAsync(string node)
    {
        counts.Kills++;
        await cluster.Grains.KillAsync(node);
        await cluster.Grains.AddAsync($"node-{_nodes++}");
    }

    private async Task DrainAsync(string node)
    {
        // In the middle of a turn, where one comes.
        DeviceWorker worker = cluster.Grains.Worker<DeviceWorker>(node);
        for (int i = 0; i < 50 && worker.Status().Running == 0; i++)
        {
            await Task.Delay(1);
        }

        counts.Drained(await cluster.Grains.DrainAsync(node));
        await cluster.Grains.StopAsync(node);
        await cluster.Grains.AddAsync($"node-{_nodes++}");
    }

    private void Keep(ChaosSession session)
    {
        lock (_sessions)
        {
            _sessions.Add(session);
            _sessions.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
        }
    }
}
