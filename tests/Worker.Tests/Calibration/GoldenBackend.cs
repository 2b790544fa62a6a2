using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Worker.Tests.Goldens;

namespace KVCluster.Worker.Tests.Calibration;

/// <summary>A tiny reference model on the CPU with float32 caches.</summary>
internal sealed class GoldenBackend : IDisposable
{
    private const int Tokens = 1024;

    public GoldenBackend(string model)
    {
        Model = ModelLoader.Open(GoldenFiles.Path("models", model));
        ModelConfig config = Model.Config;
        Backend = new CpuBackend(Model, new CpuBackendOptions
        {
            KvType = KvElementType.F32,
            ArenaBytes = KvCapacity.BytesFor(new KvGeometry(config.Layers, config.KvHeads, config.HeadSize, KvElementType.F32), Tokens),
            Threads = 2,
        });
    }

    public LoadedModel Model { get; }

    public CpuBackend Backend { get; }

    public void Dispose()
    {
        Backend.Dispose();
        Model.Dispose();
    }
}
