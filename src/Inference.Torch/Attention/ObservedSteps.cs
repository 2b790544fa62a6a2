using KVCluster.Compression;
using KVCluster.Inference.Torch.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Attention;

/// <summary>
/// What a step observed, held until the whole step has succeeded: a step that fails for want of memory leaves what was observed as it was.
/// </summary>
internal sealed class ObservedSteps(ObservationPool pool, BlockTables tables, IndexBuffer buffer)
{
    private readonly List<(Tensor Values, ObservedLanes Lanes, int Pages)> _steps = [];

    /// <summary>Attention [count, slots] of some lanes; owned from here on.</summary>
    public void Add(Tensor values, ObservedLanes lanes, int pages) => _steps.Add((values, lanes, pages));

    /// <summary>Joins everything with what the slots received before.</summary>
    public void Apply()
    {
        foreach ((Tensor values, ObservedLanes lanes, int pages) in _steps)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor rows = buffer.Slice(lanes.TableRows, lanes.Count).add(2L * tables.PlaneRows);
            Tensor index = tables.Pages(rows, pages).reshape(-1).to(ScalarType.Int64);
            Tensor before = pool.Pages.index_select(0, index).view(lanes.Count, -1);
            Tensor seen = before.narrow(1, 0, values.shape[1]);
            if (lanes.Aggregation == QueryAggregation.Max)
            {
                seen.copy_(seen.maximum(values));
            }
            else
            {
                seen.add_(values);
            }

            pool.Pages.index_copy_(0, index, before.view(-1, pool.PageTokens));
        }

        Clear();
    }

    /// <summary>Forgets what is held.</summary>
    public void Clear()
    {
        foreach ((Tensor values, _, _) in _steps)
        {
            values.Dispose();
        }

        _steps.Clear();
    }
}
