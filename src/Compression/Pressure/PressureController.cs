namespace KVCluster.Compression.Pressure;

/// <summary>
/// Decides what a device does when its memory gets short: nothing below the high watermark; above it, the acts of least cost that bring it down
/// to the low one. Compressing, dropping and demoting are weighed on one scale (weighted seconds, see <see cref="PressureOptions.SecondsPerMass"/>)
/// over all sessions at once. A pure function of the snapshot.
/// </summary>
public sealed class PressureController
{
    private readonly PressureOptions _options;

    /// <summary>A controller; throws <see cref="PolicyException"/> where an option is out of range.</summary>
    public PressureController(PressureOptions? options = null)
    {
        _options = options ?? new PressureOptions();
        _options.Validate();
    }

    /// <summary>
    /// The decision at one instant. What acts really free shows in the next snapshot; a device that freed less than planned is asked again.
    /// </summary>
    /// <param name="snapshot">The device.</param>
    /// <param name="wasPressing"><see cref="PressureDecision.IsPressing"/> of the last decision.</param>
    /// <exception cref="ArgumentException">The snapshot is inconsistent; the message names the session and value.</exception>
    public PressureDecision Decide(PressureSnapshot snapshot, bool wasPressing)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentOutOfRangeException.ThrowIfNegative(snapshot.LimitBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(snapshot.UsedBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(snapshot.WaitingBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(snapshot.FirstWaitingBytes);
        long low = (long)(_options.LowWatermark * snapshot.LimitBytes);
        long gap = (long)(_options.HighWatermark * snapshot.LimitBytes) - low;
        long demand = checked(snapshot.UsedBytes + Math.Min(snapshot.WaitingBytes, Math.Max(snapshot.FirstWaitingBytes, gap)));
        if (Cause(snapshot, demand, low, wasPressing) is not { } kind)
        {
            return new PressureDecision(false, 0, 0, []);
        }

        PressureCause cause = new(kind, snapshot.UsedBytes, snapshot.WaitingBytes, snapshot.LimitBytes);
        long wanted = demand - low;
        List<PressureAct> acts = Acts(snapshot, wanted, cause);
        long planned = acts.Sum(a => a.PlannedBytes);
        long missing = demand - planned - snapshot.LimitBytes;
        if (snapshot.WaitingBytes > 0 && missing > 0)
        {
            acts.Add(new RefuseAct(cause, missing, snapshot.Outlook.RetryAfter(missing)));
        }

        return new PressureDecision(true, wanted, planned, acts);
    }

    private PressureCauseKind? Cause(PressureSnapshot snapshot, long demand, long low, bool wasPressing)
    {
        long high = (long)(_options.HighWatermark * snapshot.LimitBytes);
        if (snapshot.UsedBytes > high)
        {
            return wasPressing ? PressureCauseKind.StillAboveLow : PressureCauseKind.HighWatermark;
        }

        if (demand > high)
        {
            return PressureCauseKind.WaitingTurns;
        }

        return wasPressing && demand > low ? PressureCauseKind.StillAboveLow : null;
    }

    // Tenants that the common choice would take below their guarantee give what they may, and the others make up for it.
    private List<PressureAct> Acts(PressureSnapshot snapshot, long wanted, PressureCause cause)
    {
        List<PricedCandidate> open = Open(snapshot);
        List<(PressureAct Act, PricedCandidate From)> chosen = [];
        while (true)
        {
            long left = wanted - chosen.Sum(c => c.Act.PlannedBytes);
            List<(PressureAct Act, PricedCandidate From)> round = Carry(open, ActPlanner.Choose(new ActChoices(open, snapshot.Shared), left), cause);
            HashSet<string> exceeding = [.. Exceeding(snapshot, round)];
            if (exceeding.Count == 0)
            {
                chosen.AddRange(round);
                return [.. chosen.Select(c => c.Act).OrderBy(Rank).ThenBy(CostPerByte).ThenBy(SessionOf, StringComparer.Ordinal)];
            }

            foreach (string tenant in exceeding.Order(StringComparer.Ordinal))
            {
                chosen.AddRange(Within(snapshot, [.. open.Where(c => c.Candidate.Tenant == tenant)], tenant, cause));
            }

            open.RemoveAll(c => exceeding.Contains(c.Candidate.Tenant));
        }
    }

    private List<PricedCandidate> Open(PressureSnapshot snapshot)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        List<PricedCandidate> open = new(snapshot.Candidates.Count);
        foreach (PressureCandidate candidate in snapshot.Candidates)
        {
            if (!seen.Add(candidate.Session))
            {
                throw new ArgumentException($"session {candidate.Session} is named twice", nameof(snapshot));
            }

            open.Add(new PricedCandidate(candidate, _options, snapshot));
        }

        return open;
    }

    private static List<(PressureAct Act, PricedCandidate From)> Carry(List<PricedCandidate> from, ActOption[] options, PressureCause cause)
    {
        List<(PressureAct Act, PricedCandidate From)> acts = [];
        for (int i = 0; i < options.Length; i++)
        {
            if (from[i].Act(options[i], cause) is { } act)
            {
                acts.Add((act, from[i]));
            }
        }

        return acts;
    }

    private static IEnumerable<string> Exceeding(PressureSnapshot snapshot, List<(PressureAct Act, PricedCandidate From)> acts) =>
        acts.GroupBy(a => a.From.Candidate.Tenant)
            .Where(g => g.Sum(a => a.Act.PlannedBytes) > Allowed(snapshot, g.Key))
            .Select(g => g.Key);

    private static long Allowed(PressureSnapshot snapshot, string tenant) =>
        snapshot.Tenants.TryGetValue(tenant, out TenantBytes bytes) && bytes.Guaranteed > 0
            ? Math.Max(0, bytes.Used - bytes.Guaranteed)
            : long.MaxValue;

    private static IEnumerable<(PressureAct Act, PricedCandidate From)> Within(
        PressureSnapshot snapshot, List<PricedCandidate> candidates, string tenant, PressureCause cause)
    {
        long left = Allowed(snapshot, tenant);
        foreach (var chosen in Carry(candidates, ActPlanner.ChooseWithin(new ActChoices(candidates, snapshot.Shared), left), cause).OrderBy(a => CostPerByte(a.Act)))
        {
            // Whole pages may free somewhat more than was chosen.
            if (chosen.Act.PlannedBytes <= left)
            {
                left -= chosen.Act.PlannedBytes;
                yield return chosen;
            }
        }
    }

    private static ActKind Rank(PressureAct act) => act switch
    {
        DropAct => ActKind.Drop,
        CompressAct { IsActive: false } => ActKind.CompressIdle,
        CompressAct => ActKind.CompressActive,
        DemoteAct => ActKind.Demote,
        _ => ActKind.None,
    };

    private static double CostPerByte(PressureAct act) => act.PlannedBytes == 0 ? 0 : act.Cost / act.PlannedBytes;

    private static string SessionOf(PressureAct act) => act switch
    {
        DropAct drop => drop.Session,
        CompressAct compress => compress.Session,
        DemoteAct demote => demote.Session,
        _ => "",
    };
}
