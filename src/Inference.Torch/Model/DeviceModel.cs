using KVCluster.Inference.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Model;

/// <summary>A model's weights on the device, dequantised to the compute type.</summary>
internal sealed class DeviceModel : IDisposable
{
    public DeviceModel(LoadedModel model, TorchDevice device, ScalarType type, Action<double>? progress)
    {
        Config = model.Config;
        Device = device;
        Type = type;
        Layers = new DeviceLayer[Config.Layers];
        var upload = new WeightUpload(device, type);
        try
        {
            Embedding = upload.Stack(model.Weights.Embedding);
            bool tied = ReferenceEquals(model.Weights.Output, model.Weights.Embedding);
            Output = tied ? Embedding : upload.Stack(model.Weights.Output);
            FinalNorm = upload.Vector(model.Weights.FinalNorm);
            InverseFrequencies = upload.Vector(Config.Rotary.InverseFrequencies);
            for (int l = 0; l < Layers.Length; l++)
            {
                progress?.Invoke((l + 1.0) / (Layers.Length + 1));
                Layers[l] = new DeviceLayer(model.Weights.Layers[l], Config, upload);
            }

            device.Synchronize();
            progress?.Invoke(1);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ModelConfig Config { get; }

    public TorchDevice Device { get; }

    /// <summary>The compute type.</summary>
    public ScalarType Type { get; }

    /// <summary>[V, hidden]</summary>
    public Tensor Embedding { get; } = null!;

    /// <summary>[V, hidden]; the same tensor as <see cref="Embedding"/> where tied.</summary>
    public Tensor Output { get; } = null!;

    /// <summary>[hidden]</summary>
    public Tensor FinalNorm { get; } = null!;

    /// <summary>[d / 2] radians a position.</summary>
    public Tensor InverseFrequencies { get; } = null!;

    public DeviceLayer[] Layers { get; }

    public long Bytes => Embedding.BytesOf() + (ReferenceEquals(Output, Embedding) ? 0 : Output.BytesOf()) + FinalNorm.BytesOf()
        + InverseFrequencies.BytesOf() + Layers.Sum(l => l.Bytes);

    public void Dispose()
    {
        foreach (DeviceLayer? layer in Layers)
        {
            layer?.Dispose();
        }

        Embedding?.Dispose();
        Output?.Dispose();
        FinalNorm?.Dispose();
        InverseFrequencies?.Dispose();
    }
}
