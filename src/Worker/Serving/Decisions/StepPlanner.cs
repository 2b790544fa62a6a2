namespace KVCluster.Worker.Serving.Decisions;

/// <summary>
/// What goes into the next step (continuous batching with chunked prefill): one row of every decoding turn first, then prompts, by rank and
/// among equals by deficit round robin (Shreedhar and Varghese, 1995), so that a short prompt does not wait for a long one to end. While
/// anybody decodes, the prompts of a step together take no more than one chunk: that bounds the time to everybody's next token.
/// </summary>
/// <param name="maxRows">Most rows of a step.</param>
/// <param name="chunkRows">Most prompt rows of a step while a turn decodes.</param>
/// <param name="quantum">Rows a prompt is granted each time its turn comes round.</param>
internal sealed class StepPlanner(int maxRows, int chunkRows, int quantum)
{
    private readonly List<int> _order = [];
    private int[] _given = [];
    private int[] _credit = [];

    /// <summary>
    /// Fills <paramref name="shares"/> for candidates in the order in which they were served last, longest ago first; the caller moves those
    /// served to the end.
    /// </summary>
    public void Plan(ReadOnlySpan<StepCandidate> candidates, List<StepShare> shares)
    {
        shares.Clear();
        int decoding = 0;
        foreach (StepCandidate candidate in candidates)
        {
            decoding += candidate.IsDecoding ? 1 : 0;
        }

        // However many decode, prompts get on too.
        int room = decoding < candidates.Length ? maxRows - Math.Min(chunkRows, maxRows / 4) : maxRows;
        for (int i = 0; i < candidates.Length && shares.Count < room; i++)
        {
            if (candidates[i].IsDecoding)
            {
                shares.Add(new StepShare(i, 1, 0));
            }
        }

        room = maxRows - shares.Count;
        int budget = shares.Count > 0 ? Math.Min(room, chunkRows) : room;
        if (shares.Count < candidates.Length && budget > 0)
        {
            SharePrompts(candidates, budget, shares);
        }
    }

    private void SharePrompts(ReadOnlySpan<StepCandidate> candidates, int budget, List<StepShare> shares)
    {
        Collect(candidates);
        for (int begin = 0; begin < _order.Count && budget > 0;)
        {
            int end = begin + 1;
            while (end < _order.Count && candidates[_order[end]].Rank == candidates[_order[begin]].Rank)
            {
                end++;
            }

            budget = ShareEqually(candidates, begin, end, budget);
            begin = end;
        }

        foreach (int index in _order)
        {
            if (_given[index] > 0)
            {
                shares.Add(new StepShare(index, _given[index], _credit[index]));
            }
        }
    }

    /// <summary>Prompts, highest rank first; among equals the order stays.</summary>
    private void Collect(ReadOnlySpan<StepCandidate> candidates)
    {
        _order.Clear();
        if (_given.Length < candidates.Length)
        {
            _given = new int[2 * candidates.Length];
            _credit = new int[2 * candidates.Length];
        }

        for (int i = 0; i < candidates.Length; i++)
        {
            if (candidates[i].IsDecoding)
            {
                continue;
            }

            _given[i] = 0;
            _credit[i] = candidates[i].Credit;
            int at = _order.Count;
            while (at > 0 && candidates[_order[at - 1]].Rank < candidates[i].Rank)
            {
                at--;
            }

            _order.Insert(at, i);
        }
    }

    private int ShareEqually(ReadOnlySpan<StepCandidate> candidates, int begin, int end, int budget)
    {
        bool open = true;
        while (open && budget > 0)
        {
            open = false;
            for (int at = begin; at < end && budget > 0; at++)
            {
                int index = _order[at];
                int left = candidates[index].Rows - _given[index];
                if (left == 0)
                {
                    continue;
                }

                int granted = _credit[index] + quantum;
                int rows = Math.Min(Math.Min(granted, left), budget);
                _given[index] += rows;
                budget -= rows;
                _credit[index] = rows == left ? 0 : granted - rows;
                open |= rows < left;
            }
        }

        return budget;
    }
}
