using KVCluster.Compression.Pressure;

namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>What a node does when it gets full.</summary>
internal interface IMemoryPolicy
{
    string Name { get; }

    /// <summary>Whether the allocator's leases and moves apply.</summary>
    bool UsesAllocator { get; }

    /// <summary>Makes room; sessions that have a turn in this round stay as they are.</summary>
    void Relieve(SimulatedNode node, double now);
}

/// <summary>The pressure controller: one price for compressing and leaving, over all sessions.</summary>
internal sealed class ControllerPolicy(SimulationSettings settings, bool allocator) : IMemoryPolicy
{
    private readonly PressureController _controller = new();
    private readonly ReturnChance _chance = new();

    public string Name => allocator ? "one threshold, allocator" : "one threshold, alone";

    public bool UsesAllocator => allocator;

    public double Weight(SimulatedSession session, double now) =>
        SessionWeight.Of(session.Importance, _chance.Of(now - session.LastTurn, [])) / session.Whole.TotalMass;

    public void Relieve(SimulatedNode node, double now)
    {
        if (!node.IsPressing && node.Used + node.WaitingBytes <= 0.85 * node.Limit)
        {
            return;
        }

        Dictionary<string, SimulatedSession> byName = [];
        List<PressureCandidate> candidates = [];
        foreach (SimulatedSession session in node.Sessions.Where(s => s.IsResident && !s.HasTurn))
        {
            byName.Add(session.Name, session);
            candidates.Add(new PressureCandidate
            {
                Session = session.Name,
                Bytes = session.Bytes,
                Histogram = session.Present,
                Importance = session.Importance,
                ReturnChance = _chance.Of(now - session.LastTurn, []),
                SecondsToReturn = settings.LoadSecondsOf(session.Whole.PageBytes, session.Tokens),
                HasColdCopy = true,
            });
        }

        PressureDecision decision = _controller.Decide(
            new PressureSnapshot
            {
                LimitBytes = node.Limit,
                UsedBytes = node.Used,
                WaitingBytes = node.WaitingBytes,
                FirstWaitingBytes = node.Waiting.TryPeek(out SimulatedSession? first) ? first.Whole.PageBytes : 0,
                Candidates = candidates,
            },
            node.IsPressing);
        node.IsPressing = decision.IsPressing;
        foreach (PressureAct act in decision.Acts)
        {
            switch (act)
            {
                case CompressAct compress:
                    node.Cut(byName[compress.Session], [.. compress.Keep]);
                    break;
                case DropAct drop:
                    node.Leave(byName[drop.Session]);
                    break;
            }
        }
    }
}

/// <summary>Whole sessions leave, least recently used first.</summary>
internal sealed class LruPolicy : IMemoryPolicy
{
    public string Name => "least recently used leave";

    public bool UsesAllocator => false;

    public void Relieve(SimulatedNode node, double now)
    {
        long waiting = node.CountedWaiting;
        if (node.Used + waiting <= 0.85 * node.Limit)
        {
            return;
        }

        foreach (SimulatedSession session in node.Sessions.Where(s => s.IsResident && !s.HasTurn).OrderBy(s => s.LastTurn).ThenBy(s => s.Id).ToArray())
        {
            if (node.Used + waiting <= 0.70 * node.Limit)
            {
                return;
            }

            node.Leave(session);
        }
    }
}

/// <summary>All sessions keep the same share of their tokens, each its own best; none leaves.</summary>
internal sealed class UniformPolicy : IMemoryPolicy
{
    public string Name => "same ratio for every session";

    public bool UsesAllocator => false;

    public void Relieve(SimulatedNode node, double now)
    {
        long waiting = node.CountedWaiting;
        if (node.Used + waiting <= 0.85 * node.Limit)
        {
            return;
        }

        SimulatedSession[] sessions = [.. node.Sessions.Where(s => s.IsResident && !s.HasTurn)];
        ScoreHistogram[] present = Array.ConvertAll(sessions, s => s.Present);
        long wanted = node.Used + waiting - (long)(0.70 * node.Limit);
        double low = 0;
        double high = 1;
        for (int step = 0; step < 12; step++)
        {
            double middle = (low + high) / 2;
            long freed = sessions.Select((s, i) => present[i].Freed(Kept(s, present[i], middle))).Sum();
            (low, high) = freed >= wanted ? (middle, high) : (low, middle);
        }

        for (int i = 0; i < sessions.Length; i++)
        {
            node.Cut(sessions[i], Kept(sessions[i], present[i], low));
        }
    }

    // One ratio for all layers too: the best of each row, by whole pages.
    private static int[] Kept(SimulatedSession session, ScoreHistogram present, double ratio)
    {
        int[] kept = new int[present.Rows];
        for (int row = 0; row < kept.Length; row++)
        {
            int entries = (int)(ratio * session.Whole.Length(row)) / Shapes.PageTokens * Shapes.PageTokens;
            kept[row] = Math.Clamp(entries, present.Floor(row), present.Length(row));
        }

        return kept;
    }
}
