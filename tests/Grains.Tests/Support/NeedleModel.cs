using KVCluster.Inference.Kv;
using KVCluster.TestSupport;
using KVCluster.Worker;

namespace KVCluster.Grains.Tests;

/// <summary>The bundled model on one kernel thread: so small a model gains nothing from more.</summary>
public sealed class NeedleModel : IDisposable
{
    public LocalModel Model { get; } = Open(contextTokens: 2048);

    public static LocalModel Open(int contextTokens) => LocalModel.Open(TestPaths.Needle, new LocalModelOptions
    {
        KvType = KvElementType.F32,
        ContextTokens = contextTokens,
        MaxBatchTokens = 128,
        Threads = 1,
    });

    public void Dispose() => Model.Dispose();
}
