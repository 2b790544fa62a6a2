using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace KVCluster.Inference.Kv;

/// <summary>
/// Moves kept rows of one paged list down, in place. Rows go from one page to one page at a time; where all of them are neighbours it is one
/// memmove, otherwise row by row in vectors, without branches that scattered rows would mislead.
/// </summary>
/// <param name="arena">Where page 0 begins.</param>
/// <param name="pageBytes">Bytes from page to page.</param>
/// <param name="pageRows">Rows a page.</param>
/// <param name="rowBytes">Bytes a row.</param>
/// <param name="scaleOffset">Where the scales of a page begin, one float a row; 0 where it has none.</param>
internal readonly unsafe struct PageCompactor(byte* arena, int pageBytes, int pageRows, int rowBytes, int scaleOffset)
{
    /// <summary>How far ahead a large compaction fetches: enough to hide the latency of memory, little enough for the nearest cache.</summary>
    private const int BytesAhead = 8192;
    private const int MostRowsAhead = 32;
    private const int CacheLine = 64;

    /// <summary>
    /// Moves row kept[i] to row i; <paramref name="kept"/> ascends strictly. <paramref name="large"/>: the rows are far more than the caches
    /// hold, so sources are fetched ahead (no prefetcher of a processor guesses scattered rows) and targets are written past the caches.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void MoveRows(ReadOnlySpan<int> pages, ReadOnlySpan<int> kept, bool large)
    {
        int row = Unmoved(kept);
        int fetched = row;
        int rowsAhead = Math.Clamp(BytesAhead / rowBytes, 1, MostRowsAhead);
        var from = new Cursor(arena, pageBytes, pages, pageRows);
        var to = new Cursor(arena, pageBytes, pages, pageRows);
        var ahead = new Cursor(arena, pageBytes, pages, pageRows);
        while (row < kept.Length)
        {
            if (large && Sse.IsSupported)
            {
                int end = Math.Min(row + rowsAhead, kept.Length);
                for (fetched = Math.Max(fetched, row); fetched < end;)
                {
                    fetched += Fetch(ref ahead, kept[fetched..end]);
                }
            }

            int source = kept[row];
            from.Seek(source);
            to.Seek(row);
            int most = Math.Min(Math.Min(kept.Length, to.End) - row, from.End - source);
            bool run = kept[row + most - 1] == source + most - 1;
            row += run ? MoveRun(from, to, source, row, most, large) : MoveScattered(from, to, kept.Slice(row, most), row, large);
        }

        if (large && Sse.IsSupported)
        {
            // Stores past the caches are not ordered with others: whoever is told that the work is done must see them.
            Sse.StoreFence();
        }
    }

    /// <summary>Fetches those of the rows that lie in the page of the first; returns how many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Fetch(ref Cursor ahead, ReadOnlySpan<int> rows)
    {
        if (ahead.Seek(rows[0]) && scaleOffset > 0)
        {
            FetchLines(ahead.Start + scaleOffset, pageRows * sizeof(float));
        }

        int size = rowBytes;
        int end = ahead.End;
        byte* source = ahead.Start - ((long)ahead.Begin * size);
        int count = 0;
        for (; count < rows.Length && rows[count] < end; count++)
        {
            FetchLines(source + ((long)rows[count] * size), size);
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FetchLines(byte* start, int bytes)
    {
        for (int i = 0; i < bytes; i += CacheLine)
        {
            Sse.PrefetchNonTemporal(start + i);
        }
    }

    private int MoveRun(in Cursor from, in Cursor to, int source, int target, int count, bool large)
    {
        byte* sourceRows = from.Start + ((long)(source - from.Begin) * rowBytes);
        byte* targetRows = to.Start + ((long)(target - to.Begin) * rowBytes);
        if (large && rowBytes % Vector512<byte>.Count == 0)
        {
            Stream(sourceRows, targetRows, count * rowBytes);
        }
        else
        {
            Copy(sourceRows, targetRows, (long)count * rowBytes);
        }

        if (scaleOffset > 0)
        {
            float* scales = (float*)(from.Start + scaleOffset) + (source - from.Begin);
            Copy((byte*)scales, to.Start + scaleOffset + ((target - to.Begin) * sizeof(float)), count * sizeof(float));
        }

        return count;
    }

    /// <summary>Moves those of the rows that lie in the source page; returns how many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int MoveScattered(in Cursor from, in Cursor to, ReadOnlySpan<int> rows, int firstTarget, bool large)
    {
        byte* source = from.Start - ((long)from.Begin * rowBytes);
        byte* target = to.Start + ((long)(firstTarget - to.Begin) * rowBytes);
        int count = rowBytes % Vector512<byte>.Count != 0 ? CopyRows(source, target, rows, from.End)
            : large ? StreamRows(source, target, rows, from.End)
            : CopyVectors(source, target, rows, from.End);
        if (scaleOffset > 0)
        {
            float* sourceScales = (float*)(from.Start + scaleOffset) - from.Begin;
            float* targetScales = (float*)(to.Start + scaleOffset) + (firstTarget - to.Begin);
            for (int i = 0; i < count; i++)
            {
                targetScales[i] = sourceScales[rows[i]];
            }
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int CopyRows(byte* source, byte* target, ReadOnlySpan<int> rows, int end)
    {
        int count = 0;
        for (; count < rows.Length && rows[count] < end; count++)
        {
            Copy(source + ((long)rows[count] * rowBytes), target, rowBytes);
            target += rowBytes;
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int CopyVectors(byte* source, byte* target, ReadOnlySpan<int> rows, int end)
    {
        int size = rowBytes;
        int count = 0;
        for (; count < rows.Length && rows[count] < end; count++)
        {
            byte* row = source + ((long)rows[count] * size);
            for (int i = 0; i < size; i += Vector512<byte>.Count)
            {
                Vector512.Load(row + i).Store(target + i);
            }

            target += size;
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int StreamRows(byte* source, byte* target, ReadOnlySpan<int> rows, int end)
    {
        int size = rowBytes;
        int count = 0;
        for (; count < rows.Length && rows[count] < end; count++)
        {
            Stream(source + ((long)rows[count] * size), target, size);
            target += size;
        }

        return count;
    }

    /// <summary>Copies downwards past the caches: both aligned, a multiple of a vector's bytes; forward, so overlap does no harm.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Stream(byte* source, byte* target, int bytes)
    {
        for (int i = 0; i < bytes; i += Vector512<byte>.Count)
        {
            Vector512.Load(source + i).StoreAlignedNonTemporal(target + i);
        }
    }

    private static void Copy(byte* source, byte* target, long bytes) => Buffer.MemoryCopy(source, target, bytes, bytes);

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

        /// <summary>The first row of the present page.</summary>
        public int Begin { get; private set; }

        /// <summary>The first row past the present page.</summary>
        public int End { get; private set; }

        /// <summary>Where the present page begins.</summary>
        public byte* Start { get; private set; }

        /// <summary>Goes to the page of a row, not before the present one; tells whether it is another.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Seek(int row)
        {
            if (row < End)
            {
                return false;
            }

            int skipped = (row - End) / pageRows;
            _page += skipped + 1;
            Begin = End + (skipped * pageRows);
            End = Begin + pageRows;
            Start = arena + ((long)_pages[_page] * pageBytes);
            return true;
        }
    }
}
