using KVCluster.Inference.Kv;
using KVCluster.Storage;

namespace KVCluster.Benchmarks.ColdStore;

/// <summary>How a copy is made.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Codec">How rows are written.</param>
/// <param name="Encrypted">With AES-256-GCM.</param>
/// <param name="KeepOneIn">1: the whole cache; n: one slot of n is kept.</param>
internal sealed record ColdCase(string Name, SnapshotCodec Codec, bool Encrypted = false, int KeepOneIn = 1)
{
    public static IEnumerable<ColdCase> All(KvElementType type)
    {
        yield return new("raw", SnapshotCodec.Raw);
        yield return new("raw, half kept", SnapshotCodec.Raw, KeepOneIn: 2);
        yield return new("raw, a quarter kept", SnapshotCodec.Raw, KeepOneIn: 4);
        yield return new("raw, encrypted", SnapshotCodec.Raw, Encrypted: true);
        if (type == KvElementType.F32)
        {
            yield return new("bf16", SnapshotCodec.BFloat16);
            yield return new("bf16, packed", SnapshotCodec.PackedBFloat16);
        }

        if (type != KvElementType.Int8)
        {
            yield return new("packed", SnapshotCodec.Packed);
            yield return new("int8", SnapshotCodec.Int8);
        }

        yield return new("int4", SnapshotCodec.Int4);
    }
}
