using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.Inference.Torch;

namespace KVCluster.Backend.Conformance.Torch;

public sealed class TorchTypesTests
{
    /// <summary>
    /// Root mean square against float32, relative to the logits: a type's own error, multiplied by wide random weights. On a CPU libtorch
    /// 1.13 has no half precision products, so bfloat16 stands for both there.
    /// </summary>
    [Theory]
    [InlineData(TorchComputeType.BF16, KvElementType.BF16, 0.1)]
    [InlineData(TorchComputeType.BF16, KvElementType.Int8, 0.2)]
    public void Half_precision_stays_within_its_error(TorchComputeType type, KvElementType kv, double allowed)
    {
        LoadedModel model = RandomModel.Create(RandomModel.Config());
        float[] exact = Run(model, TorchComputeType.F32, KvElementType.F32);
        float[] half = Run(model, type, kv);
        double error = Math.Sqrt(exact.Select((e, i) => Math.Pow(half[i] - e, 2)).Sum() / exact.Sum(e => (double)e * e));
        Assert.True(error < allowed, $"error {error:g3}");
        Assert.True(error > 1e-4, $"error {error:g3}: nothing was computed in {type}");
    }

    private static float[] Run(LoadedModel model, TorchComputeType compute, KvElementType kv)
    {
        using var backend = new TorchBackend(model, TorchTestBackend.Options(kv, 4 << 20) with { ComputeType = compute });
        using KvCache cache = backend.CreateCache(new ObservationOptions());
        var logits = new float[30 * model.Config.VocabularySize];
        int[] tokens = RandomModel.Tokens(60);
        backend.Forward([new ForwardRequest(cache) { Tokens = tokens[..30], Logits = LogitsRows.None }]);
        for (int i = 0; i < 30; i++)
        {
            backend.Forward([new ForwardRequest(cache)
            {
                Tokens = tokens.AsMemory(30 + i, 1),
                LogitsDestination = logits.AsMemory(i * model.Config.VocabularySize, model.Config.VocabularySize),
            }]);
        }

        return logits;
    }
}
