using System.Runtime.InteropServices;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tests.Cpu;

/// <summary>Small models with random float32 weights in memory, of any shape a test asks for.</summary>
internal static class RandomModel
{
    public static ModelConfig Config(
        int layers = 3,
        int queryHeads = 4,
        int kvHeads = 2,
        int headSize = 16,
        int hidden = 40,
        int feedForward = 72,
        int vocabulary = 97,
        int? window = null,
        bool queryKeyNorm = false) => new()
        {
            Family = "llama",
            Layers = layers,
            HiddenSize = hidden,
            QueryHeads = queryHeads,
            KvHeads = kvHeads,
            HeadSize = headSize,
            FeedForwardSize = feedForward,
            VocabularySize = vocabulary,
            ContextLength = 4096,
            RmsNormEpsilon = 1e-5f,
            SlidingWindow = window,
            QueryKeyNorm = queryKeyNorm,
            Rotary = new RotaryEmbedding(
                "default", Enumerable.Range(0, headSize / 2).Select(i => (float)Math.Pow(10000, -2.0 * i / headSize)).ToArray(), 1),
        };

    public static LoadedModel Create(ModelConfig config, int seed = 1, bool biases = false)
    {
        var random = new Random(seed);
        int q = config.QueryHeads * config.HeadSize;
        int kv = config.KvHeads * config.HeadSize;
        WeightMatrix embedding = Matrix(random, config.VocabularySize, config.HiddenSize, 1);
        LayerWeights Layer() => new()
        {
            AttentionNorm = Vector(random, config.HiddenSize, 1, 0.2),
            Query = Matrix(random, q, config.HiddenSize, 2.5),
            Key = Matrix(random, kv, config.HiddenSize, 2.5),
            Value = Matrix(random, kv, config.HiddenSize, 1),
            AttentionOutput = Matrix(random, config.HiddenSize, q, 1),
            QueryBias = biases ? Vector(random, q, 0, 0.3) : null,
            KeyBias = biases ? Vector(random, kv, 0, 0.3) : null,
            ValueBias = biases ? Vector(random, kv, 0, 0.3) : null,
            QueryNorm = config.QueryKeyNorm ? Vector(random, config.HeadSize, 1.5, 0.2) : null,
            KeyNorm = config.QueryKeyNorm ? Vector(random, config.HeadSize, 1.5, 0.2) : null,
            FeedForwardNorm = Vector(random, config.HiddenSize, 1, 0.2),
            Gate = Matrix(random, config.FeedForwardSize, config.HiddenSize, 1),
            Up = Matrix(random, config.FeedForwardSize, config.HiddenSize, 1),
            Down = Matrix(random, config.HiddenSize, config.FeedForwardSize, 1),
        };
        LayerWeights[] layers = Enumerable.Range(0, config.Layers).Select(_ => Layer()).ToArray();
        return new LoadedModel(new Nothing())
        {
            Path = "random",
            Format = "huggingface",
            Config = config,
            Weights = new ModelWeights
            {
                Embedding = embedding,
                Output = embedding,
                FinalNorm = Vector(random, config.HiddenSize, 1, 0.2),
                Layers = layers,
            },
            Metadata = new Dictionary<string, object>(),
            ParameterCount = 0,
            WeightBytes = 0,
            Fingerprint = "random",
        };
    }

    public static int[] Tokens(int count, int seed = 5, int vocabulary = 97)
    {
        var random = new Random(seed);
        return Enumerable.Range(0, count).Select(_ => random.Next(vocabulary)).ToArray();
    }

    private static WeightMatrix Matrix(Random random, int rows, int columns, double gain) =>
        new ArrayMatrix(rows, columns, Vector(random, rows * columns, 0, gain / Math.Sqrt(columns)));

    private static float[] Vector(Random random, int count, double mean, double spread) =>
        Enumerable.Range(0, count).Select(_ => (float)(mean + (spread * Gaussian(random)))).ToArray();

    private static double Gaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private sealed class ArrayMatrix(int rows, int columns, float[] data) : WeightMatrix("random", ElementType.F32, rows, columns)
    {
        public override ReadOnlySpan<byte> Row(int row) => MemoryMarshal.AsBytes(data.AsSpan(row * Columns, Columns));
    }

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
