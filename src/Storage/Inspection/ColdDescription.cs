namespace KVCluster.Storage.Inspection;

/// <summary>What a manifest says.</summary>
/// <param name="Owner">Whose.</param>
/// <param name="Epoch">Epoch of its writer.</param>
/// <param name="Generation">Counts publications.</param>
/// <param name="Terms">Model and shape; null where the manifest does not verify.</param>
/// <param name="Copies">An exact or lossy whole copy, then a compressed one; either may be missing.</param>
public sealed record ColdDescription(
    SnapshotOwner Owner, long Epoch, long Generation, SnapshotTerms? Terms, IReadOnlyList<ColdCopy> Copies)
{
    /// <summary>Why it cannot be verified; null where it can.</summary>
    public MissCause? Fault { get; init; }
}
