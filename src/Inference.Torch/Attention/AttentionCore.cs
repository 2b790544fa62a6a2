using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace KVCluster.Inference.Torch.Attention;

/// <summary>
/// Attention of lanes: a lane is one KV head of one sequence with the queries of its group. Queries whose probabilities somebody wants go
/// by products and a softmax in float32; the others may go by scaled_dot_product_attention. Both are cut along the queries where logits would
/// take more memory than allowed.
/// </summary>
/// <param name="maxScoreBytes">Most bytes of logits at a time.</param>
/// <param name="fused">Whether scaled_dot_product_attention is used.</param>
internal sealed class AttentionCore(long maxScoreBytes, bool fused)
{
    /// <summary>
    /// Queries [lanes, T, g, d] against keys and values [lanes, S, d]: outputs [lanes, T, g, d], or null without
    /// <paramref name="wantOutput"/>.
    /// </summary>
    public Tensor? Run(Tensor queries, Tensor keys, Tensor values, AttentionMask mask, IAttentionSink? sink, bool wantOutput = true)
    {
        long count = queries.shape[1];
        long most = Math.Max(1, maxScoreBytes / (queries.shape[0] * queries.shape[2] * keys.shape[1] * sizeof(float)));
        long observedFrom = sink?.From ?? count;
        List<Tensor> outputs = [];
        for (long first = 0; first < count;)
        {
            bool observed = first >= observedFrom;
            long rows = Math.Min(most, (observed ? count : observedFrom) - first);
            if (observed || wantOutput)
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor? output = observed || mask.MayBeEmpty || !fused
                    ? Explicit(queries, keys, values, mask, observed ? sink : null, first, rows, wantOutput)
                    : Fused(queries, keys, values, mask, first, rows);
                if (output is not null)
                {
                    outputs.Add(output.MoveToOuterDisposeScope());
                }
            }

            first += rows;
        }

        return !wantOutput ? null : outputs.Count == 1 ? outputs[0] : cat(outputs, 1);
    }

    private static Tensor? Explicit(
        Tensor queries, Tensor keys, Tensor values, AttentionMask mask, IAttentionSink? sink, long first, long rows, bool wantOutput)
    {
        long[] shape = queries.shape;
        (long lanes, long group, long size) = (shape[0], shape[2], shape[3]);
        Tensor block = queries.narrow(1, first, rows).reshape(lanes, rows * group, size).mul(1f / MathF.Sqrt(size));
        Tensor logits = block.bmm(keys.transpose(1, 2)).to(ScalarType.Float32).view(lanes, rows, group, -1);
        if (mask.Bias is not null)
        {
            logits.add_(mask.Bias.unsqueeze(1).unsqueeze(1));
        }

        long slots = keys.shape[1];
        if (mask.Blocked(slots, first, rows) is { } blocked)
        {
            logits.narrow(3, mask.Start, slots - mask.Start).masked_fill_(blocked.unsqueeze(2), float.NegativeInfinity);
        }

        Tensor probabilities = logits.softmax(-1);
        if (mask.MayBeEmpty)
        {
            probabilities.masked_fill_(probabilities.isnan(), 0f);
        }

        sink?.Add(probabilities, first);
        return wantOutput
            ? probabilities.view(lanes, rows * group, slots).to(values.dtype).bmm(values).view(lanes, rows, group, size)
            : null;
    }

    private static Tensor Fused(Tensor queries, Tensor keys, Tensor values, AttentionMask mask, long first, long rows)
    {
        long[] shape = queries.shape;
        (long lanes, long group, long size) = (shape[0], shape[2], shape[3]);
        long slots = keys.shape[1];
        Tensor? added = null;
        Tensor? blocked = mask.Blocked(slots, first, rows);
        if (blocked is not null || mask.Bias is not null)
        {
            added = zeros([lanes, rows, 1, slots], queries.dtype, queries.device);
            if (mask.Bias is not null)
            {
                added.add_(mask.Bias.unsqueeze(1).unsqueeze(1).to(queries.dtype));
            }

            if (blocked is not null)
            {
                added.narrow(3, mask.Start, slots - mask.Start).masked_fill_(blocked.unsqueeze(2), float.NegativeInfinity);
            }

            added = added.expand(lanes, rows, group, slots).reshape(lanes, rows * group, slots);
        }

        Tensor block = queries.narrow(1, first, rows).reshape(lanes, rows * group, size);
        return F.scaled_dot_product_attention(block, keys, values, added).view(lanes, rows, group, size);
    }
}
