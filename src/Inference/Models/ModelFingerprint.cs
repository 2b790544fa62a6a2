using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using KVCluster.Inference.Quantization;

namespace KVCluster.Inference.Models;

/// <summary>
/// SHA-256 over the configuration, the rotary frequencies and each tensor's name, type, shape and content (as much as
/// <see cref="ContentSample"/> takes: all of it up to 4 MiB).
/// </summary>
internal static class ModelFingerprint
{
    // Raise it when the same file comes to mean something else.
    private const string Version = "kvcluster-model-1";

    public static string Of(ModelConfig config, IEnumerable<StoredTensor> tensors)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Describe(config));
        hash.AppendData(MemoryMarshal.AsBytes(config.Rotary.InverseFrequencies.AsSpan()));
        foreach (StoredTensor tensor in tensors.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            Append(hash, $"\n{tensor.Name} {tensor.Describe()}\n");
            foreach (var (start, length) in ContentSample.Ranges(tensor.ByteCount, ElementTypes.BlockBytes(tensor.Type!.Value)))
            {
                hash.AppendData(tensor.Span(start, length));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Describe(ModelConfig config) => string.Create(CultureInfo.InvariantCulture, $"""
        {Version}
        {config.Family} layers {config.Layers} hidden {config.HiddenSize} heads {config.QueryHeads}/{config.KvHeads}x{config.HeadSize}
        ffn {config.FeedForwardSize} vocabulary {config.VocabularySize} context {config.ContextLength} epsilon {config.RmsNormEpsilon:R}
        window {config.SlidingWindow ?? 0} from {config.SlidingWindowFromLayer} norm {config.QueryKeyNorm} tied {config.TiedEmbeddings}
        end {string.Join(' ', config.EndTokens)} rotary {config.Rotary.Kind} {config.Rotary.AttentionScale:R}

        """);

    private static void Append(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));
}
