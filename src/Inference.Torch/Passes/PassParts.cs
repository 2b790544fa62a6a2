using KVCluster.Inference.Torch.Attention;
using KVCluster.Inference.Torch.Memory;
using KVCluster.Inference.Torch.Model;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>What every pass works with.</summary>
internal sealed record PassParts(DeviceModel Model, DecoderLayers Layers, TorchPageStore Store, AttentionCore Core, int MaxRows)
{
    public Device Device => Model.Device.Handle;
}
