using KVCluster.Inference.Models.Gguf;
using KVCluster.Inference.Tokenization;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Tokenization;

/// <summary>Tokenizers of the models at hand, each read once.</summary>
internal static class Tokenizers
{
    private static readonly Lazy<Tokenizer> _smolLm2 = new(() => Tokenizer.FromGguf(SmolLm2Metadata, TestPaths.SmolLm2!));
    private static readonly Lazy<IReadOnlyDictionary<string, object>> _metadata = new(() =>
    {
        using GgufFile file = GgufFile.Open(TestPaths.SmolLm2!);
        return file.Metadata;
    });

    public static Tokenizer Needle { get; } = Tokenizer.FromHuggingFace(TestPaths.Needle);

    public static Tokenizer SmolLm2 => _smolLm2.Value;

    public static IReadOnlyDictionary<string, object> SmolLm2Metadata => _metadata.Value;
}
