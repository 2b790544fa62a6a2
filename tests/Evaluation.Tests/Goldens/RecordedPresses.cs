using KVCluster.Compression;
using KVCluster.Evaluation.Running;

namespace KVCluster.Evaluation.Tests.Goldens;

/// <summary>What the recorded presses of kvpress are called here. A press whose policy this build does not have is null.</summary>
internal static class RecordedPresses
{
    private static readonly Dictionary<string, string> s_specifications = new()
    {
        ["none"] = PolicyUnderTest.WholeCache,
        ["kvcompose"] = "kvcompose:chunk=0,reference-layer0=true",
        ["kvcompose_free_layer0"] = "kvcompose:chunk=0",
        ["kvcompose_unstructured"] = "kvcompose-unstructured:chunk=0",
        ["streaming_llm"] = "streaming-llm",
        ["snapkv"] = "snapkv:window=64,kernel=5",
        ["tova"] = "tova",
        ["knorm"] = "knorm",
        ["pyramidkv"] = "pyramidkv:window=64,kernel=5,beta=20",
        ["observed_attention"] = "h2o",
        ["expected_attention"] = "expected-attention:future-positions=512,sinks=4",
        ["adakv_expected"] = "adakv:safeguard=0.2,base=expected-attention,base.future-positions=512,base.sinks=4",
        ["kvzip"] = "kvzip:sinks=4,chunk=2048,subsample=true,subsample-sinks=4",
    };

    /// <summary>The policy of a press; null where this build has none for it.</summary>
    public static PolicyUnderTest? Find(string press)
    {
        if (!s_specifications.TryGetValue(press, out string? specification) || specification == PolicyUnderTest.WholeCache)
        {
            return null;
        }

        try
        {
            return PolicyUnderTest.Parse(specification);
        }
        catch (PolicyException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether a recorded row shows what its press does. StreamingLLM's scores, ones and zeros that depend on the ratio, were recorded for
    /// the largest ratio and used for all: at the others, torch.topk's order among equal scores decided which tokens stayed (where in the
    /// text the found facts lie shows it). Only the rows of the largest ratio are StreamingLLM's.
    /// </summary>
    public static bool IsFaithful(string press, double ratio, double largestRatio) => press != "streaming_llm" || ratio == largestRatio;

    /// <summary>
    /// Slots by which the number kept may differ: none, but where the reference rounds above the budget, which is never exceeded here. Then
    /// the two entries a layer of the goldens' README.
    /// </summary>
    public static int KeptTolerance(string press, int layers) => press is "pyramidkv" or "kvzip" ? 2 * layers : 0;
}
