namespace KVCluster.Storage.Blobs;

/// <summary>Replaces an owner's manifest.</summary>
public sealed record ManifestPublication
{
    /// <summary>The manifest that must be there still; null: none, or a damaged one.</summary>
    public required ManifestStamp? Expected { get; init; }

    /// <summary>The stamp published: the writer's epoch, and a generation above the expected one's.</summary>
    public required ManifestStamp Stamp { get; init; }

    /// <summary>Its bytes.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>
    /// Every frame the manifest names. A store may delete others of the owner once they are old enough to belong to no save under way.
    /// </summary>
    public required IReadOnlyList<FrameId> Frames { get; init; }
}
