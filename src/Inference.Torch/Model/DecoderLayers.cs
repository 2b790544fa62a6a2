using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace KVCluster.Inference.Torch.Model;

/// <summary>The parts of a decoder around attention, over rows of the residual stream. Results belong to the current dispose scope.</summary>
internal sealed class DecoderLayers(DeviceModel model)
{
    private readonly float _epsilon = model.Config.RmsNormEpsilon;

    /// <summary>Embeddings of ids [rows] on the device.</summary>
    public Tensor Embed(Tensor ids) => model.Embedding.index_select(0, ids);

    /// <summary>Queries, keys and values of rows [rows, hidden].</summary>
    public ProjectedRows Project(int layer, Tensor x, RotaryTable rotary)
    {
        DeviceLayer w = model.Layers[layer];
        var config = model.Config;
        long rows = x.shape[0];
        Tensor normed = Norm(x, w.AttentionNorm);
        Tensor all = Linear(normed, w.Projection);
        if (w.ProjectionBias is not null)
        {
            all.add_(w.ProjectionBias);
        }

        all = all.view(rows, -1, config.HeadSize);
        Tensor plain;
        Tensor turned;
        if (w.QueryNorm is null)
        {
            plain = all.narrow(1, 0, config.QueryHeads);
            turned = rotary.Turn(all.narrow(1, 0, config.QueryHeads + config.KvHeads));
        }
        else
        {
            plain = Norm(all.narrow(1, 0, config.QueryHeads), w.QueryNorm);
            turned = rotary.Turn(cat([plain, Norm(all.narrow(1, config.QueryHeads, config.KvHeads), w.KeyNorm!)], 1));
        }

        return new ProjectedRows(
            normed,
            plain,
            turned.narrow(1, 0, config.QueryHeads),
            turned.narrow(1, config.QueryHeads, config.KvHeads),
            all.narrow(1, config.QueryHeads + config.KvHeads, config.KvHeads));
    }

    /// <summary>The residual stream behind a layer: x + Wo * attention, then + feed-forward. Attention is [rows, Hq d].</summary>
    public Tensor Finish(int layer, Tensor x, Tensor attention)
    {
        DeviceLayer w = model.Layers[layer];
        Tensor sum = Linear(attention, w.AttentionOutput).add_(x);
        Tensor both = Linear(Norm(sum, w.FeedForwardNorm), w.GateAndUp);
        long width = model.Config.FeedForwardSize;
        Tensor inner = F.silu(both.narrow(1, 0, width)).mul_(both.narrow(1, width, width));
        return Linear(inner, w.Down).add_(sum);
    }

    /// <summary>The final norm of rows.</summary>
    public Tensor FinalNorm(Tensor x) => Norm(x, model.FinalNorm);

    /// <summary>Logits of rows, [rows, V].</summary>
    public Tensor Logits(Tensor x) => Linear(FinalNorm(x), model.Output);

    /// <summary>RMS norm over the last dimension, in float32.</summary>
    private Tensor Norm(Tensor x, Tensor weight)
    {
        Tensor numbers = x.to(ScalarType.Float32);
        Tensor scale = numbers.mul(numbers).mean([-1L], keepdim: true).add_(_epsilon).rsqrt_();
        return numbers.mul(scale).mul_(weight).to(x.dtype);
    }

    private Tensor Linear(Tensor x, Tensor weight)
    {
        // On a CPU, BLAS packs the whole matrix for a product, which for one row costs more than the product.
        return !model.Device.IsCuda && x.shape[0] == 1 ? weight.mv(x[0]).unsqueeze(0) : F.linear(x, weight);
    }
}
