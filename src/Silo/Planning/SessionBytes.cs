using KVCluster.Compression.Budgets;
using KVCluster.Compression.Pressure;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Storage;

namespace KVCluster.Silo.Planning;

/// <summary>Bytes of one session in each place it can be, from the model's dimensions. The formulas are in docs/sizing.md.</summary>
internal static class SessionBytes
{
    /// <summary>Share of bf16 and f32 rows that packing leaves, as measured (docs/cold-store.md).</summary>
    private const double PackedBFloat16 = 0.67;
    private const double PackedF32 = 0.84;

    /// <summary>A session's stored state: what it has without tokens (64 kept turns), and for each token, as measured (docs/sessions.md).</summary>
    private const long StateBase = 12_500;
    private const double StatePerToken = 3.6;

    /// <summary>Slots of each (layer, KV head) after a cut: the share asked for, never below the floors, never more than there are.</summary>
    public static int KeptSlots(int tokens, double keep, SessionFloors floors)
    {
        long kept = keep >= 1 ? tokens : RetentionBudget.KeptOf(tokens, 1 - keep);
        long floor = Math.Max(floors.Sinks + (long)floors.Recents, Math.Max(floors.MinimumPerHead, (long)Math.Ceiling(floors.GuaranteedRetention * tokens)));
        return (int)Math.Min(tokens, Math.Max(kept, floor));
    }

    /// <summary>Bytes in the arena: whole pages, keys and values of every head apart.</summary>
    public static long InArena(KvGeometry geometry, int slots) => KvCapacity.BytesFor(geometry, slots);

    /// <summary>Bytes of a cold copy of so many slots: rows without the rest of a page.</summary>
    public static long Cold(KvGeometry geometry, long slots, SnapshotCodec codec) => (long)(slots * ColdToken(geometry, codec));

    /// <summary>Bytes of the stored state, which is written once a turn.</summary>
    public static long State(int tokens) => StateBase + (long)(StatePerToken * tokens);

    /// <summary>Numbers of a model: what its weights have.</summary>
    public static long Parameters(ModelConfig config)
    {
        long hidden = config.HiddenSize;
        long head = config.HeadSize;
        long attention = (2L * config.QueryHeads * head * hidden) + (2L * config.KvHeads * head * hidden);
        long biases = config.Family == "qwen2" ? (config.QueryHeads + (2L * config.KvHeads)) * head : 0;
        long norms = (2 * hidden) + (config.QueryKeyNorm ? 2 * head : 0);
        long layer = attention + biases + norms + (3L * hidden * config.FeedForwardSize);
        return (config.Layers * layer) + hidden + ((config.TiedEmbeddings ? 1L : 2L) * config.VocabularySize * hidden);
    }

    /// <summary>Bytes of one slot of all heads, keys and values, as a codec writes it.</summary>
    private static double ColdToken(KvGeometry geometry, SnapshotCodec codec)
    {
        double rows = geometry.Heads * 2.0;
        double raw = geometry.BytesPerToken;
        double wide = rows * geometry.HeadSize;
        bool isF32 = geometry.ElementType == KvElementType.F32;
        bool isInt8 = geometry.ElementType == KvElementType.Int8;
        return codec switch
        {
            SnapshotCodec.Packed when !isInt8 => raw * (isF32 ? PackedF32 : PackedBFloat16),
            SnapshotCodec.BFloat16 when isF32 => wide * 2,
            SnapshotCodec.PackedBFloat16 when !isInt8 => wide * 2 * PackedBFloat16,
            SnapshotCodec.Int8 when !isInt8 => wide + (rows * sizeof(float)),

            // Half a byte a number; least and step, two bytes each, for 32 slots of a key's channel and for 32 numbers of a value's row.
            SnapshotCodec.Int4 => (wide / 2) + (geometry.Heads * ((4.0 * geometry.HeadSize / 32) + (4 * ((geometry.HeadSize + 31) / 32)))),
            _ => raw,
        };
    }
}
