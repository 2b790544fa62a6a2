namespace KVCluster.Inference.Models;

/// <summary>Puts the tensors of a file in their places in a decoder, each checked against the configuration.</summary>
internal sealed class WeightsAssembly(TensorTable table, TensorNames names, ModelConfig config)
{
    /// <summary>GGUF's architecture llama: the rows of queries and keys are stored as rotary pairs.</summary>
    public bool InterleavedHeads { get; init; }

    /// <summary>Query, key and value biases are added wherever the file has them, not only where the family always has.</summary>
    public bool OptionalBiases { get; init; }

    /// <exception cref="ModelFormatException">A tensor is missing, of another shape or type, or not finite.</exception>
    public ModelWeights Build()
    {
        MappedMatrix embedding = table.Matrix(names.Embedding, config.VocabularySize, config.HiddenSize);
        return new ModelWeights
        {
            Embedding = embedding,
            Output = config.TiedEmbeddings ? embedding : table.Matrix(names.Output, config.VocabularySize, config.HiddenSize),
            FinalNorm = table.Vector(names.FinalNorm, config.HiddenSize),
            Layers = [.. Enumerable.Range(0, config.Layers).Select(Layer)],
        };
    }

    private LayerWeights Layer(int layer)
    {
        string prefix = names.Layer(layer);
        int hidden = config.HiddenSize;
        int queryRows = config.QueryHeads * config.HeadSize;
        int keyRows = config.KvHeads * config.HeadSize;
        var (query, key, value) = Projections(prefix, queryRows, keyRows);
        var (gate, up) = GateAndUp(prefix);
        return new LayerWeights
        {
            AttentionNorm = table.Vector(prefix + names.AttentionNorm, hidden),
            Query = query,
            Key = key,
            Value = value,
            AttentionOutput = table.Matrix(prefix + names.AttentionOutput, hidden, queryRows),
            QueryBias = Bias(prefix + names.Query, queryRows, InterleavedHeads),
            KeyBias = Bias(prefix + names.Key, keyRows, InterleavedHeads),
            ValueBias = Bias(prefix + names.Value, keyRows, false),
            QueryNorm = config.QueryKeyNorm ? table.Vector(prefix + names.QueryNorm, config.HeadSize) : null,
            KeyNorm = config.QueryKeyNorm ? table.Vector(prefix + names.KeyNorm, config.HeadSize) : null,
            FeedForwardNorm = table.Vector(prefix + names.FeedForwardNorm, hidden),
            Gate = gate,
            Up = up,
            Down = table.Matrix(prefix + names.Down, hidden, config.FeedForwardSize),
        };
    }

    private (WeightMatrix Query, WeightMatrix Key, WeightMatrix Value) Projections(string prefix, int queryRows, int keyRows)
    {
        if (config.Family == "phi3")
        {
            MappedMatrix[] parts = table.Parts(prefix + names.FusedQueryKeyValue, config.HiddenSize, queryRows, keyRows, keyRows);
            return (parts[0], parts[1], parts[2]);
        }

        int interleaved = InterleavedHeads ? config.HeadSize : 0;
        return (
            table.Matrix(prefix + names.Query + ".weight", queryRows, config.HiddenSize, interleaved),
            table.Matrix(prefix + names.Key + ".weight", keyRows, config.HiddenSize, interleaved),
            table.Matrix(prefix + names.Value + ".weight", keyRows, config.HiddenSize));
    }

    private (WeightMatrix Gate, WeightMatrix Up) GateAndUp(string prefix)
    {
        if (config.Family == "phi3")
        {
            MappedMatrix[] parts = table.Parts(
                prefix + names.FusedGateUp, config.HiddenSize, config.FeedForwardSize, config.FeedForwardSize);
            return (parts[0], parts[1]);
        }

        return (
            table.Matrix(prefix + names.Gate, config.FeedForwardSize, config.HiddenSize),
            table.Matrix(prefix + names.Up, config.FeedForwardSize, config.HiddenSize));
    }

    private float[]? Bias(string projection, int rows, bool interleaved)
    {
        string name = projection + ".bias";
        if (config.Family != "qwen2" && !(OptionalBiases && table.Contains(name)))
        {
            return null;
        }

        float[] bias = table.Vector(name, rows);
        return interleaved ? Interleaving.Undo(bias, config.HeadSize) : bias;
    }
}
