namespace KVCluster.Compression.Pressure.Leases;

/// <summary>
/// The allocator's decision of one round, from one report a node. It solves the one threshold over all nodes (<see cref="GlobalThreshold"/> on
/// their summed profiles), lends bytes to nodes and tenants, and proposes moves from nodes that hold, or are asked for, more above the
/// threshold than their part to nodes that hold less. Work and messages grow with nodes and tenants only. A pure function.
/// </summary>
public static class ByteLeases
{
    /// <summary>A round.</summary>
    /// <param name="round">Its number, larger than the last.</param>
    /// <param name="reports">One for each node that takes part.</param>
    /// <param name="tenants">Terms of tenants; one that is not named has share 1 and no guarantee.</param>
    /// <param name="options">How to lend.</param>
    /// <exception cref="ArgumentException">A report is inconsistent; the message names its node.</exception>
    public static LeaseRound Grant(
        long round, IReadOnlyList<NodeReport> reports, IReadOnlyDictionary<string, TenantTerms> tenants, LeaseOptions options)
    {
        ArgumentNullException.ThrowIfNull(reports);
        ArgumentNullException.ThrowIfNull(tenants);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Check(reports);
        long[] lent = Lend(reports, options);
        TenantLeases shares = new(reports, tenants, lent);
        ByteLease[] leases = new ByteLease[reports.Count];
        for (int i = 0; i < leases.Length; i++)
        {
            leases[i] = new ByteLease
            {
                Node = reports[i].Node,
                Round = round,
                Bytes = lent[i],
                Tenants = shares.Of(i),
                Duration = options.Duration,
            };
        }

        (double threshold, long[] excess) = Excess(reports, lent, options);
        long missing = excess.Where((e, i) => e > Tolerance(lent[i], options)).Sum();
        return new LeaseRound(round, leases, Moves(reports, lent, excess, options), threshold, missing);
    }

    private static void Check(IReadOnlyList<NodeReport> reports)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (NodeReport report in reports)
        {
            if (!seen.Add(report.Node))
            {
                throw new ArgumentException($"node {report.Node} reported twice", nameof(reports));
            }

            if (report.CapacityBytes < 0 || report.UsedBytes < 0 || report.WaitingBytes < 0 || report.Needs.Values.Any(n => n < 0))
            {
                throw new ArgumentException($"node {report.Node}: a number of bytes is negative", nameof(reports));
            }
        }
    }

    // Memory cannot travel, so a node's lease ends at its size; where the cluster may hold less than there is, nodes share by what they need.
    private static long[] Lend(IReadOnlyList<NodeReport> reports, LeaseOptions options)
    {
        long capacity = reports.Sum(r => r.CapacityBytes);
        if (options.ClusterBytes is not { } budget || budget >= capacity)
        {
            return [.. reports.Select(r => r.CapacityBytes)];
        }

        FairClaim[] needs =
        [
            .. reports.Select(r => new FairClaim(
                Math.Min(r.CapacityBytes, Raised(r.UsedBytes + r.WaitingBytes, options)), r.Profile.FloorBytes)),
        ];
        long[] lent = MaxMinFair.Share(budget, needs);

        // What no node needs at this instant is spread alike over the room they have, for growth.
        long rest = budget - lent.Sum();
        long[] spare = MaxMinFair.Share(rest, [.. reports.Select((r, i) => new FairClaim(r.CapacityBytes - lent[i]))]);
        return [.. lent.Select((bytes, i) => bytes + spare[i])];
    }

    private static long Tolerance(long lent, LeaseOptions options) => (long)(options.Tolerance * lent);

    private static long Raised(long bytes, LeaseOptions options) => (long)Math.Min(long.MaxValue / 2, bytes / options.Fill);

    // By how much each node's bytes above the common threshold, with those that turns wait for, exceed its part; negative where it has room.
    private static (double Threshold, long[] Excess) Excess(IReadOnlyList<NodeReport> reports, long[] lent, LeaseOptions options)
    {
        WeightedProfile[] profiles = [.. reports.Select(r => new WeightedProfile(r.Profile, 1))];
        long[] parts = Array.ConvertAll(lent, bytes => (long)(options.Fill * bytes));
        long target = Math.Max(0, parts.Sum() - reports.Sum(r => r.WaitingBytes));
        ThresholdSolution solved = GlobalThreshold.Solve(profiles, target);
        long position = solved.Position(1);
        long[] excess = new long[parts.Length];
        for (int i = 0; i < excess.Length; i++)
        {
            NodeReport report = reports[i];
            excess[i] = report.Profile.FloorBytes + report.Profile.BeyondFloors(position) + report.WaitingBytes - parts[i];
        }

        return (solved.Threshold, excess);
    }

    // Largest shortage to largest room: each move settles one side, so there are fewer moves than nodes.
    private static List<SessionMove> Moves(IReadOnlyList<NodeReport> reports, long[] lent, long[] excess, LeaseOptions options)
    {
        PriorityQueue<int, (long, int)> shortOnes = new();
        PriorityQueue<int, (long, int)> roomy = new();
        long[] left = new long[excess.Length];
        for (int i = 0; i < excess.Length; i++)
        {
            long tolerance = Tolerance(lent[i], options);
            long most = (long)(options.MostMoved * lent[i]);
            if (excess[i] > tolerance)
            {
                left[i] = Math.Min(excess[i], most);
                shortOnes.Enqueue(i, (-left[i], i));
            }
            else if (-excess[i] > tolerance)
            {
                left[i] = Math.Min(-excess[i], most);
                roomy.Enqueue(i, (-left[i], i));
            }
        }

        List<SessionMove> moves = [];
        while (shortOnes.TryDequeue(out int from, out _) && roomy.TryDequeue(out int to, out _))
        {
            long bytes = Math.Min(left[from], left[to]);
            moves.Add(new SessionMove(reports[from].Node, reports[to].Node, bytes));
            left[from] -= bytes;
            left[to] -= bytes;
            if (left[from] > 0)
            {
                shortOnes.Enqueue(from, (-left[from], from));
            }

            if (left[to] > 0)
            {
                roomy.Enqueue(to, (-left[to], to));
            }
        }

        return moves;
    }
}
