using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Backend.Conformance.Support;

/// <summary>One backend under test.</summary>
public abstract class TestBackend
{
    public abstract IInferenceBackend Open(LoadedModel model, KvElementType type, long arenaBytes, int pageTokens, int maxBatchTokens);

    /// <summary>
    /// How far logits may lie apart that were computed in other chunks. Where a row's last bits depend on the rows computed beside it, an
    /// element on a rounding border may be stored one step of its type away.
    /// </summary>
    public abstract double RoundingTolerance(KvElementType type);
}
