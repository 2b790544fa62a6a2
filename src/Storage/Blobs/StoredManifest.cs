namespace KVCluster.Storage.Blobs;

/// <summary>A published manifest as the store has it.</summary>
public sealed record StoredManifest
{
    /// <summary>Epoch and generation; meaningless where it is damaged.</summary>
    public required ManifestStamp Stamp { get; init; }

    /// <summary>Its bytes.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>
    /// Whether the store's own envelope does not verify. Such a manifest counts as none in <see cref="ManifestPublication.Expected"/>.
    /// </summary>
    public bool IsDamaged { get; init; }
}
