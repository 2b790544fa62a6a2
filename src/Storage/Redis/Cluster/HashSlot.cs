namespace KVCluster.Storage.Redis.Cluster;

/// <summary>
/// Which of a cluster's slots a key belongs to: CRC16 (XMODEM) of its hash tag, else of all of it (the Redis Cluster specification).
/// </summary>
internal static class HashSlot
{
    /// <summary>Slots there are.</summary>
    public const int Count = 16384;

    private static readonly ushort[] Table = MakeTable();

    /// <summary>The slot of a key, 0 to <see cref="Count"/> - 1.</summary>
    public static int Of(ReadOnlySpan<byte> key)
    {
        ushort crc = 0;
        foreach (byte b in Tag(key))
        {
            crc = (ushort)((crc << 8) ^ Table[(crc >> 8) ^ b]);
        }

        return crc & (Count - 1);
    }

    /// <summary>What stands between the first { and the first } behind it, where that is not empty; else the whole key.</summary>
    private static ReadOnlySpan<byte> Tag(ReadOnlySpan<byte> key)
    {
        int open = key.IndexOf((byte)'{');
        int length = open < 0 ? -1 : key[(open + 1)..].IndexOf((byte)'}');
        return length > 0 ? key.Slice(open + 1, length) : key;
    }

    private static ushort[] MakeTable()
    {
        const int Polynomial = 0x1021;
        ushort[] table = new ushort[256];
        for (int i = 0; i < table.Length; i++)
        {
            int crc = i << 8;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ Polynomial : crc << 1;
            }

            table[i] = (ushort)crc;
        }

        return table;
    }
}
