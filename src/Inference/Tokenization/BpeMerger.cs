namespace KVCluster.Inference.Tokenization;

/// <summary>
/// Merges the symbols of one piece by rank, the leftmost first among equals (Sennrich et al., 2016). Short pieces are scanned; long ones
/// use a heap over a linked list, O(n log n). Holds scratch buffers: one object for one call of Encode.
/// </summary>
internal sealed class BpeMerger
{
    private const int ScanUpTo = 32;

    // No id: keeps a symbol that has no token, or that was merged into its left neighbour, from merging.
    private const int Gone = -1;

    private readonly MergeTable _merges;
    private readonly PriorityQueue<int, long> _queue = new();
    private int[] _ids = new int[64];
    private int[] _ranks = new int[64];
    private int[] _mergedIds = new int[64];
    private int[] _next = new int[64];
    private int[] _previous = new int[64];

    public BpeMerger(MergeTable merges)
    {
        _merges = merges;
    }

    /// <summary>Appends the merged ids of the symbols; a negative symbol has no token, never merges, and is passed on.</summary>
    public void Merge(ReadOnlySpan<int> symbols, List<int> output)
    {
        int count = symbols.Length;
        if (count > _ids.Length)
        {
            int size = Math.Max(count, _ids.Length * 2);
            _ids = new int[size];
            _ranks = new int[size];
            _mergedIds = new int[size];
            _next = new int[size];
            _previous = new int[size];
        }

        symbols.CopyTo(_ids);
        if (count <= ScanUpTo)
        {
            output.AddRange(_ids.AsSpan(0, MergeByScan(count)));
        }
        else
        {
            MergeByHeap(count, output);
        }
    }

    private int MergeByScan(int count)
    {
        for (int i = 0; i < count - 1; i++)
        {
            SetRank(i, _ids[i], _ids[i + 1]);
        }

        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i < count - 1; i++)
            {
                best = _ranks[i] < _ranks[best] ? i : best;
            }

            if (_ranks[best] == MergeTable.NoRank)
            {
                break;
            }

            _ids[best] = _mergedIds[best];
            count--;
            int tail = count - best - 1;
            Array.Copy(_ids, best + 2, _ids, best + 1, tail);
            Array.Copy(_ranks, best + 2, _ranks, best + 1, tail);
            Array.Copy(_mergedIds, best + 2, _mergedIds, best + 1, tail);
            if (best > 0)
            {
                SetRank(best - 1, _ids[best - 1], _ids[best]);
            }

            if (best < count - 1)
            {
                SetRank(best, _ids[best], _ids[best + 1]);
            }
        }

        return count;
    }

    private void MergeByHeap(int count, List<int> output)
    {
        for (int i = 0; i < count; i++)
        {
            _next[i] = i + 1;
            _previous[i] = i - 1;
        }

        for (int i = 0; i < count; i++)
        {
            Enqueue(i, count);
        }

        while (_queue.TryDequeue(out int at, out long priority))
        {
            // An entry is stale once either of its symbols has changed; then the rank noted at its place differs.
            if (_ids[at] == Gone || _ranks[at] != (int)(priority >> 32))
            {
                continue;
            }

            int absorbed = _next[at];
            _ids[at] = _mergedIds[at];
            _ids[absorbed] = Gone;
            _next[at] = _next[absorbed];
            if (_next[at] < count)
            {
                _previous[_next[at]] = at;
            }

            Enqueue(at, count);
            if (_previous[at] >= 0)
            {
                Enqueue(_previous[at], count);
            }
        }

        for (int i = 0; i < count; i = _next[i])
        {
            output.Add(_ids[i]);
        }
    }

    private void Enqueue(int at, int count)
    {
        if (_next[at] >= count)
        {
            _ranks[at] = MergeTable.NoRank;
            return;
        }

        SetRank(at, _ids[at], _ids[_next[at]]);
        if (_ranks[at] != MergeTable.NoRank)
        {
            _queue.Enqueue(at, ((long)_ranks[at] << 32) | (uint)at);
        }
    }

    private void SetRank(int at, int left, int right) =>
        (_ranks[at], _mergedIds[at]) = left < 0 || right < 0 ? (MergeTable.NoRank, Gone) : _merges.Find(left, right);
}
