using KVCluster.Inference.Torch.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Attention;

/// <summary>Attention of a job's lanes over their pages: each group's pages are gathered and attended to together.</summary>
internal sealed class PagedAttention(TorchPageStore store, BlockTables tables, IndexBuffer buffer, AttentionCore core, ScalarType type)
{
    /// <summary>Queries [lanes, T, g, d] to outputs of the same shape; what is observed goes to <paramref name="observations"/>.</summary>
    public Tensor Run(Tensor queries, LaneGroup[] groups, ObservedSteps observations)
    {
        if (groups is [{ Order: < 0 } whole])
        {
            return Run(queries, whole, observations);
        }

        Tensor all = empty_like(queries);
        foreach (LaneGroup group in groups)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor order = buffer.Slice(group.Order, group.Lanes);
            all.index_copy_(0, order, Run(queries.index_select(0, order), group, observations));
        }

        return all;
    }

    private Tensor Run(Tensor queries, LaneGroup group, ObservedSteps observations)
    {
        Tensor rows = buffer.Slice(group.TableRows, group.Lanes);
        Tensor keys = Gather(rows, group);
        Tensor values = Gather(rows.add(tables.PlaneRows), group);
        Tensor ends = buffer.Slice(group.Ends, group.Lanes * group.Queries).view(group.Lanes, group.Queries);
        if (group.LeastSlots < group.Slots)
        {
            // A page's rows behind the end may hold anything, a NaN too: 0 times that is no 0.
            Tensor columns = arange(group.LeastSlots, group.Slots, ScalarType.Int64, ends.device);
            Tensor beyond = columns.ge(ends.narrow(1, group.Queries - 1, 1)).unsqueeze(-1);
            keys.narrow(1, group.LeastSlots, group.Slots - group.LeastSlots).masked_fill_(beyond, 0f);
            values.narrow(1, group.LeastSlots, group.Slots - group.LeastSlots).masked_fill_(beyond, 0f);
        }

        var mask = new AttentionMask(ends, group.LeastSlots - group.Queries + 1)
        {
            Begins = group.Begins < 0 ? null : buffer.Slice(group.Begins, group.Lanes * group.Queries).view(group.Lanes, group.Queries),
            Bias = group.Biases < 0 ? null : Biases(group),
        };
        GroupSink? sink = group.Observed.Count == 0 ? null : new GroupSink(group);
        Tensor output = core.Run(queries, keys, values, mask, sink)!;
        sink?.Finish(observations, buffer);
        return output;
    }

    private Tensor Gather(Tensor rows, LaneGroup group) =>
        store.ReadPages(tables.Pages(rows, group.Pages), type).narrow(1, 0, group.Slots);

    private Tensor Biases(LaneGroup group)
    {
        int size = store.Geometry.BiasSlots;
        Tensor rows = buffer.Slice(group.Biases, group.Lanes * group.BiasRows);
        Tensor floats = store.Biases.view(-1, size).index_select(0, rows).view(group.Lanes, -1);
        Tensor none = buffer.Slice(group.HasBiases, group.Lanes).eq(0).unsqueeze(-1);
        Tensor added = zeros([group.Lanes, group.Slots], ScalarType.Float32, floats.device);
        long known = Math.Min(group.Slots, floats.shape[1]);
        added.narrow(1, 0, known).copy_(floats.narrow(1, 0, known).masked_fill(none, 0f));
        return added;
    }
}
