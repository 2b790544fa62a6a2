using KVCluster.Inference.Kv;

namespace KVCluster.Storage;

/// <summary>What codecs mean for element types.</summary>
internal static class SnapshotCodecs
{
    /// <summary>The codec that is really used for rows of this type.</summary>
    public static SnapshotCodec For(SnapshotCodec wanted, KvElementType type) => (type, wanted) switch
    {
        (_, SnapshotCodec.Int4) => SnapshotCodec.Int4,
        (KvElementType.Int8, _) => SnapshotCodec.Raw,
        (KvElementType.BF16, SnapshotCodec.BFloat16) => SnapshotCodec.Raw,
        (KvElementType.BF16, SnapshotCodec.PackedBFloat16) => SnapshotCodec.Packed,
        _ => wanted,
    };

    /// <summary>Whether rows come back bit for bit.</summary>
    public static bool IsLossless(SnapshotCodec codec) => codec is SnapshotCodec.Raw or SnapshotCodec.Packed;
}
