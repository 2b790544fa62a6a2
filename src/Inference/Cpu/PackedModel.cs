using KVCluster.Inference.Cpu.Packing;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>A model's weights arranged for the kernels. The embedding table stays in its file: only single rows of it are read.</summary>
internal sealed class PackedModel : IDisposable
{
    public PackedModel(LoadedModel model, Action<double>? progress = null)
    {
        Config = model.Config;
        Embedding = model.Weights.Embedding;
        FinalNorm = model.Weights.FinalNorm;
        Layers = new PackedLayer[Config.Layers];
        try
        {
            for (int l = 0; l < Layers.Length; l++)
            {
                Layers[l] = new PackedLayer(model.Weights.Layers[l]);
                progress?.Invoke((l + 1.0) / (Layers.Length + 1));
            }

            Output = PackedMatrix.Pack(model.Weights.Output);
            progress?.Invoke(1);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ModelConfig Config { get; }

    public WeightMatrix Embedding { get; }

    public float[] FinalNorm { get; }

    public PackedLayer[] Layers { get; }

    public PackedMatrix? Output { get; }

    public long Bytes => Layers.Sum(l => l.Bytes) + Output!.Bytes + (FinalNorm.Length * (long)sizeof(float));

    public void Dispose()
    {
        foreach (PackedLayer? layer in Layers)
        {
            layer?.Dispose();
        }

        Output?.Dispose();
    }
}

/// <summary>One layer's weights arranged for the kernels.</summary>
internal sealed class PackedLayer : IDisposable
{
    private readonly List<PackedMatrix> _matrices = [];

    public PackedLayer(LayerWeights weights)
    {
        Weights = weights;
        try
        {
            Query = Pack(weights.Query);
            Key = Pack(weights.Key);
            Value = Pack(weights.Value);
            AttentionOutput = Pack(weights.AttentionOutput);
            Gate = Pack(weights.Gate);
            Up = Pack(weights.Up);
            Down = Pack(weights.Down);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Norms and biases; the matrices in it are not used any more.</summary>
    public LayerWeights Weights { get; }

    public PackedMatrix Query { get; }

    public PackedMatrix Key { get; }

    public PackedMatrix Value { get; }

    public PackedMatrix AttentionOutput { get; }

    public PackedMatrix Gate { get; }

    public PackedMatrix Up { get; }

    public PackedMatrix Down { get; }

    public long Bytes => _matrices.Sum(m => m.Bytes);

    public void Dispose() => _matrices.ForEach(m => m.Dispose());

    private PackedMatrix Pack(WeightMatrix source)
    {
        PackedMatrix packed = PackedMatrix.Pack(source);
        _matrices.Add(packed);
        return packed;
    }
}
