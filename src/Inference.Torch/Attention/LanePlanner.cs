using KVCluster.Compression;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Torch.Memory;

namespace KVCluster.Inference.Torch.Attention;

/// <summary>
/// Cuts the lanes of a job into groups of nearly one length, so that padding to the longest costs little, and writes what each group needs
/// into the index buffer. Host work only.
/// </summary>
internal sealed class LanePlanner(ModelConfig model, TorchPageStore store, IndexBuffer buffer)
{
    /// <summary>Pages by which a lane may be shorter than its group's longest whatever the share.</summary>
    private const int SlackPages = 4;

    private readonly List<LaneGroup> _groups = [];
    private int[] _pages = [];
    private int[] _order = [];

    /// <summary>Groups of lanes that each have <paramref name="queries"/> queries behind their committed slots.</summary>
    public LaneGroup[] Plan(IReadOnlyList<Lane> lanes, int layer, int queries)
    {
        _groups.Clear();
        Measure(lanes, layer, queries);
        int first = 0;
        while (first < lanes.Count)
        {
            int longest = _pages[_order[first]];
            int end = first + 1;
            while (end < lanes.Count && Fits(_pages[_order[end]], longest))
            {
                end++;
            }

            bool whole = first == 0 && end == lanes.Count;
            if (whole)
            {
                Restore(lanes.Count);
            }

            _groups.Add(Group(lanes, _order.AsSpan(first, end - first), layer, queries, whole));
            first = end;
        }

        return [.. _groups];
    }

    private static bool Fits(int pages, int longest) => longest - pages <= SlackPages || pages * 4L >= longest * 3L;

    private void Measure(IReadOnlyList<Lane> lanes, int layer, int queries)
    {
        if (_pages.Length < lanes.Count)
        {
            _pages = new int[lanes.Count];
            _order = new int[lanes.Count];
        }

        Restore(lanes.Count);
        for (int i = 0; i < lanes.Count; i++)
        {
            _pages[i] = store.Geometry.PagesForRows(lanes[i].Cache.Length(layer, lanes[i].Head) + queries);
        }

        // Longest first; a stable order, so that a batch is cut the same way every time.
        Array.Sort(_order, 0, lanes.Count, Comparer<int>.Create((a, b) => _pages[a] != _pages[b] ? _pages[b].CompareTo(_pages[a]) : a.CompareTo(b)));
    }

    private void Restore(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _order[i] = i;
        }
    }

    private LaneGroup Group(IReadOnlyList<Lane> lanes, ReadOnlySpan<int> members, int layer, int queries, bool whole)
    {
        int count = members.Length;
        int order = whole ? -1 : buffer.Add(count);
        int rows = buffer.Add(count);
        int ends = buffer.Add(count * queries);
        int begins = model.WindowOf(layer) is null ? -1 : buffer.Add(count * queries);
        int slots = 0;
        int least = int.MaxValue;
        for (int i = 0; i < count; i++)
        {
            Lane lane = lanes[members[i]];
            int committed = lane.Cache.Length(layer, lane.Head);
            slots = Math.Max(slots, committed + queries);
            least = Math.Min(least, committed + queries);
            buffer.Span(rows, count)[i] = BlockTables.Row(lane.State, (layer * model.KvHeads) + lane.Head);
            if (order >= 0)
            {
                buffer.Span(order, count)[i] = members[i];
            }

            Fill(buffer.Span(ends + (i * queries), queries), committed + 1);
            if (begins >= 0)
            {
                FillBegins(lane, layer, committed, buffer.Span(begins + (i * queries), queries));
            }
        }

        (int biases, int biasRows, int hasBiases) = Biases(lanes, members, layer);
        return new LaneGroup
        {
            Lanes = count,
            Queries = queries,
            Pages = store.Geometry.PagesForRows(slots),
            Slots = slots,
            LeastSlots = least,
            Order = order,
            TableRows = rows,
            Ends = ends,
            Begins = begins,
            Biases = biases,
            BiasRows = biasRows,
            HasBiases = hasBiases,
            Observed = Observed(lanes, members, rows, queries),
        };
    }

    private static void Fill(Span<long> ends, long first)
    {
        for (int t = 0; t < ends.Length; t++)
        {
            ends[t] = first + t;
        }
    }

    private void FillBegins(Lane lane, int layer, int committed, Span<long> begins)
    {
        for (int t = 0; t < begins.Length; t++)
        {
            begins[t] = SlotWindow.FirstSlot(model, lane.Cache, layer, lane.Head, committed, lane.Cache.LogicalLength + t);
        }
    }

    private (int Biases, int Rows, int Has) Biases(IReadOnlyList<Lane> lanes, ReadOnlySpan<int> members, int layer)
    {
        int most = 0;
        foreach (int member in members)
        {
            most = Math.Max(most, lanes[member].Cache.BiasPages(layer, lanes[member].Head).Length);
        }

        if (most == 0)
        {
            return (-1, 0, -1);
        }

        int has = buffer.Add(members.Length);
        int biases = buffer.Add(members.Length * most);
        for (int i = 0; i < members.Length; i++)
        {
            ReadOnlySpan<int> pages = lanes[members[i]].Cache.BiasPages(layer, lanes[members[i]].Head);
            buffer.Span(has, members.Length)[i] = pages.IsEmpty ? 0 : 1;
            Span<long> to = buffer.Span(biases + (i * most), most);
            for (int p = 0; p < most; p++)
            {
                // Rows that stand for nothing are read and left out.
                to[p] = p < pages.Length ? store.BiasRow(pages[p]) : 0;
            }
        }

        return (biases, most, has);
    }

    private List<ObservedLanes> Observed(IReadOnlyList<Lane> lanes, ReadOnlySpan<int> members, int rows, int queries)
    {
        List<ObservedLanes> observed = [];
        foreach (QueryAggregation aggregation in (QueryAggregation[])[QueryAggregation.Max, QueryAggregation.Mean])
        {
            int count = 0;
            int from = queries;
            foreach (int member in members)
            {
                SlotState state = lanes[member].State;
                if (state.Options?.Aggregation == aggregation && state.ObservedOf(queries) > 0)
                {
                    count++;
                    from = queries - state.ObservedOf(queries);
                }
            }

            if (count == members.Length)
            {
                observed.Add(new ObservedLanes(aggregation, from, -1, rows, count));
            }
            else if (count > 0)
            {
                observed.Add(Part(lanes, members, rows, queries, aggregation, from, count));
            }
        }

        return observed;
    }

    private ObservedLanes Part(
        IReadOnlyList<Lane> lanes, ReadOnlySpan<int> members, int rows, int queries, QueryAggregation aggregation, int from, int count)
    {
        int numbers = buffer.Add(count);
        int tableRows = buffer.Add(count);
        int next = 0;
        for (int i = 0; i < members.Length; i++)
        {
            SlotState state = lanes[members[i]].State;
            if (state.Options?.Aggregation == aggregation && state.ObservedOf(queries) > 0)
            {
                buffer.Span(numbers, count)[next] = i;
                buffer.Span(tableRows, count)[next++] = buffer.Span(rows, members.Length)[i];
            }
        }

        return new ObservedLanes(aggregation, from, numbers, tableRows, count);
    }
}
