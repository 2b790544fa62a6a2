namespace KVCluster.Compression.Pressure.Leases;

/// <summary>What one round of the allocator came to.</summary>
/// <param name="Round">Its number.</param>
/// <param name="Leases">One for each node that reported, in the order of the reports.</param>
/// <param name="Moves">Fewer than nodes.</param>
/// <param name="Threshold">The weighted score below which nothing should be held anywhere.</param>
/// <param name="ShortBytes">Bytes by which nodes beyond the tolerance are short, in all, at that threshold.</param>
public sealed record LeaseRound(
    long Round, IReadOnlyList<ByteLease> Leases, IReadOnlyList<SessionMove> Moves, double Threshold, long ShortBytes)
{
    /// <summary>Messages of the round: a report and a lease for each node; moves travel with the leases.</summary>
    public int Messages => 2 * Leases.Count;
}
