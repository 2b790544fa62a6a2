using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.TestSupport;

namespace KVCluster.Storage.Tests.Redis.Snapshots;

/// <summary>
/// The bundled model with a conversation, and the logits of its next token: what any way to come back to it must give, bit for bit.
/// </summary>
public sealed class ModelFixture : IDisposable
{
    /// <summary>Prefill goes in such steps, from wherever it begins: the same sums in the same order.</summary>
    public const int Chunk = 128;

    private const int NextToken = 5;

    private readonly LoadedModel _model = ModelLoader.Open(TestPaths.Needle);
    private readonly CpuBackend _backend;

    public ModelFixture()
    {
        _backend = new CpuBackend(_model, new CpuBackendOptions
        {
            ArenaBytes = 64 << 20,
            KvType = KvElementType.F32,
            Threads = 1,
            MaxBatchTokens = Chunk,
        });
        var random = new Random(1);
        History = [.. Enumerable.Range(0, (3 * Chunk) + 20).Select(_ => random.Next(_model.Config.VocabularySize))];
        Cache = Empty();
        Prefill(Cache, History);
        using KvCache next = Cache.Fork();
        Expected = Next(next);
    }

    public int[] History { get; }

    /// <summary>The cache of the whole history.</summary>
    public KvCache Cache { get; }

    public float[] Expected { get; }

    public SnapshotTerms Terms => new(_model.Fingerprint, Cache.Geometry);

    public KvCache Empty() => _backend.CreateCache();

    /// <summary>Brings a cache from its logical length to the end of these tokens.</summary>
    public void Prefill(KvCache cache, int[] tokens)
    {
        while (cache.LogicalLength < tokens.Length)
        {
            int count = Math.Min(Chunk - (cache.LogicalLength % Chunk), tokens.Length - cache.LogicalLength);
            ReadOnlyMemory<int> next = tokens.AsMemory(cache.LogicalLength, count);
            _backend.Forward([new ForwardRequest(cache) { Tokens = next, Logits = LogitsRows.None }]);
        }
    }

    /// <summary>Logits of the next token; the cache has it afterwards.</summary>
    public float[] Next(KvCache cache)
    {
        float[] logits = new float[_model.Config.VocabularySize];
        _backend.Forward([new ForwardRequest(cache) { Tokens = new[] { NextToken }, LogitsDestination = logits }]);
        return logits;
    }

    public void Dispose()
    {
        Cache.Dispose();
        _backend.Dispose();
        _model.Dispose();
    }
}
