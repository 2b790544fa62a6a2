using KVCluster.Inference.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Model;

/// <summary>One layer's weights on the device; what is used together is one matrix.</summary>
internal sealed class DeviceLayer : IDisposable
{
    private readonly List<Tensor> _tensors = [];

    public DeviceLayer(LayerWeights weights, ModelConfig config, WeightUpload upload)
    {
        try
        {
            int query = config.QueryHeads * config.HeadSize;
            int key = config.KvHeads * config.HeadSize;
            AttentionNorm = Own(upload.Vector(weights.AttentionNorm));
            Projection = Own(upload.Stack(weights.Query, weights.Key, weights.Value));
            ProjectionBias = OwnOrNull(upload.Biases((weights.QueryBias, query), (weights.KeyBias, key), (weights.ValueBias, key)));
            QueryNorm = weights.QueryNorm is null ? null : Own(upload.Vector(weights.QueryNorm));
            KeyNorm = weights.KeyNorm is null ? null : Own(upload.Vector(weights.KeyNorm));
            AttentionOutput = Own(upload.Stack(weights.AttentionOutput));
            FeedForwardNorm = Own(upload.Vector(weights.FeedForwardNorm));
            GateAndUp = Own(upload.Stack(weights.Gate, weights.Up));
            Down = Own(upload.Stack(weights.Down));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>[hidden]</summary>
    public Tensor AttentionNorm { get; }

    /// <summary>[(Hq + 2 Hkv) d, hidden]: queries, keys, values.</summary>
    public Tensor Projection { get; }

    /// <summary>[(Hq + 2 Hkv) d] or null.</summary>
    public Tensor? ProjectionBias { get; }

    /// <summary>[d] or null.</summary>
    public Tensor? QueryNorm { get; }

    /// <summary>[d] or null.</summary>
    public Tensor? KeyNorm { get; }

    /// <summary>[hidden, Hq d]</summary>
    public Tensor AttentionOutput { get; }

    /// <summary>[hidden]</summary>
    public Tensor FeedForwardNorm { get; }

    /// <summary>[2 ffn, hidden]: gate, up.</summary>
    public Tensor GateAndUp { get; }

    /// <summary>[hidden, ffn]</summary>
    public Tensor Down { get; }

    public long Bytes => _tensors.Sum(t => t.BytesOf());

    public void Dispose() => _tensors.ForEach(t => t.Dispose());

    private Tensor Own(Tensor tensor)
    {
        _tensors.Add(tensor);
        return tensor;
    }

    private Tensor? OwnOrNull(Tensor? tensor) => tensor is null ? null : Own(tensor);
}
