using KVCluster.Grains;

namespace KVCluster.Silo.Operators;

/// <summary>Shares of what a cache kept, from its bits: pure functions.</summary>
internal static class KeptCells
{
    /// <summary>One byte a cell, row-major [layers * heads, columns]: the part of the column's positions that the row keeps, 0 to 255.</summary>
    public static byte[] Cells(KeptMap map, int columns)
    {
        int rows = map.Layers * map.KvHeads;
        var cells = new byte[rows * columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                int from = (int)((long)column * map.Positions / columns);
                int until = (int)((long)(column + 1) * map.Positions / columns);
                int kept = 0;
                for (int i = from; i < until; i++)
                {
                    kept += map.Keeps(row, i) ? 1 : 0;
                }

                cells[(row * columns) + column] = Share(kept, until - from);
            }
        }

        return cells;
    }

    /// <summary>Positions each row keeps.</summary>
    public static int[] KeptPerRow(KeptMap map)
    {
        var kept = new int[map.Layers * map.KvHeads];
        for (int row = 0; row < kept.Length; row++)
        {
            for (int i = 0; i < map.Positions; i++)
            {
                kept[row] += map.Keeps(row, i) ? 1 : 0;
            }
        }

        return kept;
    }

    /// <summary>One byte a position of [start, start + count): the part of all rows that keeps it, 0 to 255. Positions behind the cache are not in it: 0.</summary>
    public static byte[] PerToken(KeptMap map, int start, int count)
    {
        int rows = map.Layers * map.KvHeads;
        var shares = new byte[count];
        for (int i = 0; i < count && start + i < map.Positions; i++)
        {
            int kept = 0;
            for (int row = 0; row < rows; row++)
            {
                kept += map.Keeps(row, start + i) ? 1 : 0;
            }

            shares[i] = Share(kept, rows);
        }

        return shares;
    }

    /// <summary>Anything kept shows, and only all is 255.</summary>
    private static byte Share(int kept, int of) => kept == 0 || of == 0 ? (byte)0 : kept == of ? byte.MaxValue : (byte)Math.Clamp(255L * kept / of, 1, 254);
}
