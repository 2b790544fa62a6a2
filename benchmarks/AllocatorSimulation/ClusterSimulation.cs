using KVCluster.Compression.Pressure;
using KVCluster.Compression.Pressure.Leases;

namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>A cluster in rounds: turns come, nodes make room, waiting turns get in, the allocator lends and moves.</summary>
internal sealed class ClusterSimulation
{
    private const double BaseFirstToken = 0.05;
    private static readonly Dictionary<string, TenantTerms> _noTerms = [];
    private readonly SimulationSettings _settings;
    private readonly IMemoryPolicy _policy;
    private readonly SimulatedNode[] _nodes;
    private readonly int[] _home;
    private readonly SimulationResult _result;
    private readonly Lock _lock = new();

    public ClusterSimulation(SimulationSettings settings, IMemoryPolicy policy)
    {
        _settings = settings;
        _policy = policy;
        _result = new SimulationResult(policy.Name);
        Random random = new(settings.Seed);
        double meanBytes = Shapes.All.Average(s => (double)s.PageBytes);
        long capacity = (long)(settings.MemoryShare * settings.SessionsPerNode * meanBytes);
        _nodes = [.. Enumerable.Range(0, settings.Nodes).Select(i => new SimulatedNode(i, capacity))];
        _home = new int[settings.Nodes * settings.SessionsPerNode];
        for (int id = 0; id < _home.Length; id++)
        {
            _home[id] = id / settings.SessionsPerNode;
            _nodes[_home[id]].Sessions.Add(new SimulatedSession(id, Shapes.Draw(random), SessionWeight.Importance(random.Next(-1, 2))));
        }
    }

    public SimulationResult Run()
    {
        for (int round = 0; round < _settings.Rounds; round++)
        {
            double now = round * _settings.RoundSeconds;
            Parallel.ForEach(_nodes, node => Step(node, round, now));
            if (_policy.UsesAllocator)
            {
                Allocate(round, now);
            }
        }

        SimulatedSession[] all = [.. _nodes.SelectMany(n => n.Sessions)];
        _result.MassHeld = all.Average(s => s.Mass);
        _result.MassAtTurns /= Math.Max(1, _result.Turns);
        _result.MostUsedShare = _nodes.Max(n => (double)n.MostUsed / n.Limit);
        return _result;
    }

    private void Step(SimulatedNode node, int round, double now)
    {
        List<(float FirstToken, double Mass)> served = [];
        foreach (SimulatedSession session in node.Sessions)
        {
            session.HasTurn = false;
            if (!session.IsWaiting && HasTurn(session.Id, round, out Random? random))
            {
                session.HasTurn = true;
                if (random!.NextDouble() < _settings.NewDocument)
                {
                    node.NewDocument(session, Shapes.Draw(random));
                }

                if (session.IsResident)
                {
                    served.Add(((float)BaseFirstToken, session.Mass));
                    session.LastTurn = now;
                }
                else
                {
                    session.IsWaiting = true;
                    session.WaitingSince = now;
                    node.Waiting.Enqueue(session);
                }
            }
        }

        _policy.Relieve(node, now);
        int waited = Admit(node, now, served);
        lock (_lock)
        {
            _result.Waited += waited;
            _result.MassAtTurns += served.Sum(s => s.Mass);
            _result.FirstToken.AddRange(served.Select(s => s.FirstToken));
        }
    }

    // First come, first served: who does not fit holds up the others until the next round.
    private int Admit(SimulatedNode node, double now, List<(float FirstToken, double Mass)> served)
    {
        while (node.Waiting.TryPeek(out SimulatedSession? session) && node.Used + session.Whole.PageBytes <= node.Limit)
        {
            node.Waiting.Dequeue();
            node.Restore(session);
            session.IsWaiting = false;
            session.LastTurn = now;
            double seconds = BaseFirstToken + now - session.WaitingSince + _settings.LoadSecondsOf(session.Bytes, session.Tokens);
            served.Add(((float)seconds, 1));
        }

        return node.Waiting.Count;
    }

    // The same turns for every policy: drawn by session and round. Sessions of a hot home have more of them, wherever they are.
    private bool HasTurn(int id, int round, out Random? random)
    {
        int home = _home[id];
        int hot = (int)(_settings.HotNodes * _settings.Nodes);
        int first = round < _settings.ShiftRound ? 0 : hot;
        bool isHot = home >= first && home < first + hot;
        bool popular = Mix((uint)id) % 5 == 0;
        double rate = (popular ? _settings.PopularRate : _settings.OtherRate) * (isHot ? _settings.HotFactor : 1);
        ulong mixed = Mix(((ulong)_settings.Seed << 48) ^ ((ulong)round << 32) ^ (uint)id);
        bool turn = (mixed >> 11) * (1.0 / (1UL << 53)) < rate;
        random = turn ? new Random((int)(mixed & int.MaxValue)) : null;
        return turn;
    }

    private void Allocate(int round, double now)
    {
        NodeReport[] reports = new NodeReport[_nodes.Length];
        Parallel.For(0, reports.Length, i => reports[i] = Report(_nodes[i], now));
        LeaseRound granted = ByteLeases.Grant(round + 1, reports, _noTerms, new LeaseOptions());
        long size = _nodes.Sum(n => n.Limit);
        _result.Short.Add((double)granted.ShortBytes / size);
        _result.Messages.Add(granted.Messages + granted.Moves.Count);
        for (int i = 0; i < _nodes.Length; i++)
        {
            _nodes[i].Lease = _nodes[i].Lease.Accept(granted.Leases[i], TimeSpan.FromSeconds(now));
        }

        foreach (SessionMove move in granted.Moves)
        {
            Move(_nodes[int.Parse(move.From)], _nodes[int.Parse(move.To)], move.Bytes);
        }
    }

    private NodeReport Report(SimulatedNode node, double now)
    {
        ControllerPolicy policy = (ControllerPolicy)_policy;
        WeightedProfile[] parts = [.. node.Sessions.Where(s => s.IsResident).Select(s => new WeightedProfile(s.Present.Profile, policy.Weight(s, now)))];
        return new NodeReport
        {
            Node = node.Name,
            CapacityBytes = node.Lease.CapacityBytes,
            UsedBytes = node.Used,
            WaitingBytes = node.WaitingBytes,
            Profile = ByteProfile.Sum(parts),
        };
    }

    // Waiting turns go first, since they have no bytes to carry; then resident sessions, the most recently used first: they come back soonest.
    private void Move(SimulatedNode from, SimulatedNode to, long bytes)
    {
        Queue<SimulatedSession> stay = new();
        foreach (SimulatedSession session in from.Waiting)
        {
            if (session.Whole.PageBytes <= bytes)
            {
                bytes -= session.Whole.PageBytes;
                from.MoveTo(to, session);
                to.Waiting.Enqueue(session);
                _result.MovedSessions++;
            }
            else
            {
                stay.Enqueue(session);
            }
        }

        from.Waiting = stay;
        foreach (SimulatedSession session in from.Sessions.Where(s => s.IsResident).OrderByDescending(s => s.LastTurn).ThenBy(s => s.Id).ToArray())
        {
            if (session.Bytes <= bytes && to.Used + session.Bytes <= to.Limit)
            {
                bytes -= session.Bytes;
                from.MoveTo(to, session);
                _result.MovedSessions++;
            }
        }
    }

    // SplitMix64.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
