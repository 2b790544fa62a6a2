using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization;
using KVCluster.Silo.Options;

namespace KVCluster.Silo.Models;

/// <summary>Describes an opened model; nothing is computed with it.</summary>
internal static class ModelInspector
{
    public static ModelDescription Describe(LoadedModel model, Tokenizer tokenizer, bool hasChatTemplate)
    {
        ModelConfig config = model.Config;
        return new ModelDescription
        {
            Path = model.Path,
            Format = model.Format,
            Architecture = config.Family,
            Parameters = model.ParameterCount,
            WeightBytes = model.WeightBytes,
            StoredTypes = Types(model.Weights),
            Layers = config.Layers,
            HiddenSize = config.HiddenSize,
            QueryHeads = config.QueryHeads,
            KvHeads = config.KvHeads,
            HeadSize = config.HeadSize,
            FeedForwardSize = config.FeedForwardSize,
            Context = config.ContextLength,
            SlidingWindow = config.SlidingWindow,
            Rope = config.Rotary.Kind,
            QueryKeyNorm = config.QueryKeyNorm,
            TiedEmbeddings = config.TiedEmbeddings,
            Vocabulary = config.VocabularySize,
            TokenizerVocabulary = tokenizer.VocabularySize,
            ChatTemplate = hasChatTemplate,
            KvBytesPerToken = Enum.GetValues<KvElementType>().ToDictionary(ModelOptionSet.NameOf, type => BytesPerToken(config, type)),
            Fingerprint = model.Fingerprint,
        };
    }

    private static long BytesPerToken(ModelConfig config, KvElementType type) =>
        new KvGeometry(config.Layers, config.KvHeads, config.HeadSize, type).BytesPerToken;

    private static List<StoredType> Types(ModelWeights weights) =>
    [
        .. Matrices(weights)
            .Distinct()
            .GroupBy(m => m.Type)
            .Select(g => new StoredType(g.Key.ToString(), g.Count(), g.Sum(m => (long)m.Rows * m.RowBytes)))
            .OrderByDescending(t => t.Bytes),
    ];

    private static IEnumerable<WeightMatrix> Matrices(ModelWeights weights) =>
    [
        weights.Embedding,
        weights.Output,
        .. weights.Layers.SelectMany(l => new[] { l.Query, l.Key, l.Value, l.AttentionOutput, l.Gate, l.Up, l.Down }),
    ];
}
