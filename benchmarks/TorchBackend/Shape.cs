using System.Globalization;
using KVCluster.Inference.Models;

namespace KVCluster.Benchmarks.Torch;

/// <summary>Dimensions of a Llama as "layers,hidden,queryHeads,kvHeads,headSize,ffn,vocabulary", or the name of a known one.</summary>
internal static class Shape
{
    private static readonly Dictionary<string, string> s_known = new()
    {
        ["tiny"] = "4,256,4,2,64,768,4096",
        ["135m"] = "30,576,9,3,64,1536,49152",
        ["1b"] = "16,2048,32,8,64,8192,128256",
        ["8b"] = "32,4096,32,8,128,14336,128256",
    };

    public static string Numbers(string shape) => s_known.GetValueOrDefault(shape, shape);

    public static ModelConfig Config(string shape)
    {
        int[] n = Array.ConvertAll(Numbers(shape).Split(','), p => int.Parse(p, CultureInfo.InvariantCulture));
        return new ModelConfig
        {
            Family = "llama",
            Layers = n[0],
            HiddenSize = n[1],
            QueryHeads = n[2],
            KvHeads = n[3],
            HeadSize = n[4],
            FeedForwardSize = n[5],
            VocabularySize = n[6],
            ContextLength = 1 << 20,
            RmsNormEpsilon = 1e-5f,
            TiedEmbeddings = true,
            Rotary = new RotaryEmbedding("default", [.. Enumerable.Range(0, n[4] / 2).Select(i => (float)Math.Pow(10000, -2.0 * i / n[4]))], 1),
        };
    }
}
