using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Format;

/// <summary>What is published for an owner: whose, on which terms, and up to two copies, a whole one before a compressed one.</summary>
internal sealed record SnapshotManifest
{
    public required SnapshotOwner Owner { get; init; }

    public required ManifestStamp Stamp { get; init; }

    public required SnapshotTerms Terms { get; init; }

    public required IReadOnlyList<SnapshotCopy> Copies { get; init; }

    /// <summary>Frames of all copies, each once.</summary>
    public IReadOnlyList<FrameRecord> Frames => [.. Copies.SelectMany(c => c.Frames).DistinctBy(f => f.Id)];

    public SnapshotCopy? Find(CopyKind kind) => Copies.FirstOrDefault(c => c.Kind == kind);
}
