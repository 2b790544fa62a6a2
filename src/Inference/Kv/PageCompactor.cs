namespace KVCluster.Inference.Kv;

/// <summary>Moves kept rows of paged lists down, in place: one memmove for each run of neighbouring rows and pair of pages.</summary>
internal static unsafe class PageCompactor
{
    /// <summary>
    /// Moves row kept[i] to row i. Rows of <paramref name="rowBytes"/> bytes lie from <paramref name="offset"/> on in each page,
    /// <paramref name="pageRows"/> a page; <paramref name="kept"/> ascends strictly.
    /// </summary>
    public static void MoveRows(
        byte* arena, int pageBytes, ReadOnlySpan<int> pages, ReadOnlySpan<int> kept, int pageRows, int rowBytes, int offset)
    {
        int row = Unmoved(kept);
        var from = new Cursor(arena + offset, pageBytes, pages, pageRows);
        var to = new Cursor(arena + offset, pageBytes, pages, pageRows);
        while (row < kept.Length)
        {
            int source = kept[row];
            int end = row + 1;
            while (end < kept.Length && kept[end] == source + (end - row))
            {
                end++;
            }

            while (row < end)
            {
                from.Seek(source);
                to.Seek(row);
                int count = Math.Min(end - row, Math.Min(from.End - source, to.End - row));
                long bytes = (long)count * rowBytes;
                Buffer.MemoryCopy(from.Row(source, rowBytes), to.Row(row, rowBytes), bytes, bytes);
                source += count;
                row += count;
            }
        }
    }

    /// <summary>How many rows at the beginning stay where they are.</summary>
    public static int Unmoved(ReadOnlySpan<int> kept)
    {
        // kept[i] >= i everywhere and the difference never falls, so the border can be searched for.
        int low = 0;
        int high = kept.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (kept[middle] == middle)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>A place in a list of pages that only goes forward, so that no row number is divided by the rows a page.</summary>
    private ref struct Cursor(byte* arena, int pageBytes, ReadOnlySpan<int> pages, int pageRows)
    {
        private readonly ReadOnlySpan<int> _pages = pages;
        private int _page = -1;
        private int _begin;
        private byte* _start;

        /// <summary>The first row past the present page.</summary>
        public int End { get; private set; }

        public void Seek(int row)
        {
            if (row < End)
            {
                return;
            }

            int skipped = (row - End) / pageRows;
            _page += skipped + 1;
            _begin = End + (skipped * pageRows);
            End = _begin + pageRows;
            _start = arena + ((long)_pages[_page] * pageBytes);
        }

        public readonly byte* Row(int row, int rowBytes) => _start + ((long)(row - _begin) * rowBytes);
    }
}
