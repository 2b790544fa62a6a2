using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Format;

/// <summary>What a manifest says of a frame.</summary>
internal sealed record FrameRecord
{
    public required FrameId Id { get; init; }

    /// <summary>Bytes in the store, encryption included.</summary>
    public required int Bytes { get; init; }

    /// <summary>Of the bytes in the store.</summary>
    public required ulong Checksum { get; init; }

    /// <summary>Of the rows, scales and biases as the arena held them when it was written.</summary>
    public required ulong Content { get; init; }

    /// <summary>Of the same as an arena holds them after loading; equal to <see cref="Content"/> under a lossless codec.</summary>
    public required ulong Decoded { get; init; }

    public required SnapshotCodec Codec { get; init; }

    /// <summary>Id of the tenant's key; null: not encrypted.</summary>
    public string? KeyId { get; init; }
}
