using System.Runtime.InteropServices;
using KVCluster.Inference.Models;

namespace KVCluster.Benchmarks.Torch;

/// <summary>A model of a shape whose weights are random: speed does not depend on them.</summary>
internal static class RandomWeights
{
    public static LoadedModel Create(ModelConfig config)
    {
        int query = config.QueryHeads * config.HeadSize;
        int key = config.KvHeads * config.HeadSize;
        float[] ones = [.. Enumerable.Repeat(1f, config.HiddenSize)];
        WeightMatrix embedding = new Matrix(config.VocabularySize, config.HiddenSize);
        LayerWeights[] layers = [.. Enumerable.Range(0, config.Layers).Select(_ => new LayerWeights
        {
            AttentionNorm = ones,
            Query = new Matrix(query, config.HiddenSize),
            Key = new Matrix(key, config.HiddenSize),
            Value = new Matrix(key, config.HiddenSize),
            AttentionOutput = new Matrix(config.HiddenSize, query),
            FeedForwardNorm = ones,
            Gate = new Matrix(config.FeedForwardSize, config.HiddenSize),
            Up = new Matrix(config.FeedForwardSize, config.HiddenSize),
            Down = new Matrix(config.HiddenSize, config.FeedForwardSize),
        })];
        return new LoadedModel(new Nothing())
        {
            Path = "random",
            Format = "huggingface",
            Config = config,
            Weights = new ModelWeights { Embedding = embedding, Output = embedding, FinalNorm = ones, Layers = layers },
            Metadata = new Dictionary<string, object>(),
            ParameterCount = 0,
            WeightBytes = 0,
            Fingerprint = "random",
        };
    }

    /// <summary>Rows are windows of one list of random numbers, each a little further.</summary>
    private sealed class Matrix(int rows, int columns) : WeightMatrix("random", ElementType.F32, rows, columns)
    {
        private const int Shifts = 4096;

        private readonly float[] _numbers = Numbers(columns + Shifts, 1 / MathF.Sqrt(columns));

        public override ReadOnlySpan<byte> Row(int row) => MemoryMarshal.AsBytes(_numbers.AsSpan(row * 17 % Shifts, Columns));

        private static float[] Numbers(int count, float spread)
        {
            var random = new Random(count);
            return [.. Enumerable.Range(0, count).Select(_ => ((2 * random.NextSingle()) - 1) * 1.7f * spread)];
        }
    }

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
