using KVCluster.Compression;
using KVCluster.Inference.Torch.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Attention;

/// <summary>Joins the probabilities of one group's observed queries: the mean over the heads of a lane, then the largest or the sum.</summary>
internal sealed class GroupSink(LaneGroup group) : IAttentionSink
{
    private readonly Tensor?[] _joined = new Tensor?[group.Observed.Count];

    /// <inheritdoc/>
    public int From { get; } = group.Observed.Min(o => o.From);

    /// <inheritdoc/>
    public void Add(Tensor probabilities, long first)
    {
        Tensor means = probabilities.shape[2] == 1 ? probabilities.squeeze(2) : probabilities.mean([2L]);
        long count = means.shape[1];
        for (int i = 0; i < _joined.Length; i++)
        {
            ObservedLanes lanes = group.Observed[i];
            long skipped = Math.Clamp(lanes.From - first, 0, count);
            if (skipped == count)
            {
                continue;
            }

            Tensor rows = means.narrow(1, skipped, count - skipped);
            Tensor joined = lanes.Aggregation == QueryAggregation.Max ? rows.amax([1L]) : rows.sum(1);
            if (_joined[i] is { } before)
            {
                joined = lanes.Aggregation == QueryAggregation.Max ? joined.maximum(before) : joined.add_(before);
                before.Dispose();
            }

            _joined[i] = joined.Keep();
        }
    }

    /// <summary>Hands on what was gathered; it is applied when the whole step is done.</summary>
    public void Finish(ObservedSteps observations, IndexBuffer buffer)
    {
        for (int i = 0; i < _joined.Length; i++)
        {
            ObservedLanes lanes = group.Observed[i];
            if (_joined[i] is { } joined)
            {
                Tensor values = lanes.Lanes < 0 ? joined : joined.index_select(0, buffer.Slice(lanes.Lanes, lanes.Count)).Keep();
                if (lanes.Lanes >= 0)
                {
                    joined.Dispose();
                }

                observations.Add(values, lanes, group.Pages);
                _joined[i] = null;
            }
        }
    }
}
