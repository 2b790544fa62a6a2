using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Device;

namespace KVCluster.Worker.Serving.Telemetry;

/// <summary>Reads which positions a cache kept, as bits.</summary>
internal static class KeptSlotsReader
{
    /// <summary>Null where the session has no cache on the device.</summary>
    public static KeptSlots? Read(DeviceSession session)
    {
        if (session.Cache is not { } cache || cache.LogicalLength == 0)
        {
            return null;
        }

        KvGeometry geometry = cache.Geometry;
        var kept = new KeptSlots
        {
            Positions = cache.LogicalLength,
            Layers = geometry.Layers,
            KvHeads = geometry.KvHeads,
            ClosedTokens = session.ClosedTokens,
            Bits = IsWhole(cache) ? [] : new byte[geometry.Heads * ((cache.LogicalLength + 7) / 8)],
        };
        for (int row = 0; kept.Bits.Length > 0 && row < geometry.Heads; row++)
        {
            var positions = new int[cache.Length(row / geometry.KvHeads, row % geometry.KvHeads)];
            cache.FillPositions(row / geometry.KvHeads, row % geometry.KvHeads, positions);
            Set(kept.Bits.AsSpan(row * kept.RowBytes, kept.RowBytes), positions);
        }

        return kept;
    }

    private static bool IsWhole(KvCache cache)
    {
        for (int row = 0; row < cache.Geometry.Heads; row++)
        {
            if (cache.Length(row / cache.Geometry.KvHeads, row % cache.Geometry.KvHeads) != cache.LogicalLength)
            {
                return false;
            }
        }

        return true;
    }

    private static void Set(Span<byte> bits, ReadOnlySpan<int> positions)
    {
        foreach (int position in positions)
        {
            bits[position >> 3] |= (byte)(1 << (position & 7));
        }
    }
}
