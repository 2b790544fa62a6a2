using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Format;

/// <summary>
/// Ascending positions as an array of whole numbers that alternate: positions skipped, positions kept, skipped, kept. About a byte a kept
/// slot where they lie scattered, next to nothing where they lie together.
/// </summary>
internal static class PositionRuns
{
    public static void Write(MessagePackWriter writer, ReadOnlySpan<int> positions)
    {
        var runs = new List<int>();
        int next = 0;
        for (int i = 0; i < positions.Length;)
        {
            int start = i;
            while (i < positions.Length && positions[i] == positions[start] + (i - start))
            {
                i++;
            }

            runs.Add(positions[start] - next);
            runs.Add(i - start);
            next = positions[start] + (i - start);
        }

        writer.WriteArrayHeader(runs.Count);
        foreach (int run in runs)
        {
            writer.Write((long)run);
        }
    }

    /// <summary>Reads exactly <paramref name="length"/> positions below <paramref name="end"/>.</summary>
    public static int[] Read(ref MessagePackReader reader, int length, int end)
    {
        int count = reader.ReadArrayHeader();
        var positions = new int[length];
        int filled = 0;
        long next = 0;
        for (int i = 0; i + 1 < count; i += 2)
        {
            int skipped = reader.ReadInt32();
            int kept = reader.ReadInt32();
            next += skipped;
            if (skipped < 0 || kept <= 0 || kept > length - filled || next + kept > end)
            {
                throw new MessagePackException("positions that no head can have");
            }

            for (int k = 0; k < kept; k++)
            {
                positions[filled++] = (int)next++;
            }
        }

        return filled == length && count % 2 == 0 ? positions : throw new MessagePackException($"{filled} positions of {length}");
    }
}
