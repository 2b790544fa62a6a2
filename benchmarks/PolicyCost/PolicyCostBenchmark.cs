using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Benchmarks.PolicyCost;

/// <summary>
/// What each policy of the registry, at its defaults, takes after a prefill: gathering what it asks for, planning, and applying the plan.
/// </summary>
internal sealed class PolicyCostBenchmark : IDisposable
{
    private readonly LoadedModel _model;
    private readonly CpuBackend _backend;
    private readonly PolicyContext _context;

    public PolicyCostBenchmark(string path, int tokens, int threads)
    {
        _model = ModelLoader.Open(path);
        ModelConfig config = _model.Config;
        var geometry = new KvGeometry(config.Layers, config.KvHeads, config.HeadSize, KvElementType.F32, 32);
        _backend = new CpuBackend(_model, new CpuBackendOptions
        {
            ArenaBytes = KvCapacity.BytesFor(geometry, (2 * tokens) + 64),
            KvType = KvElementType.F32,
            PageTokens = 32,
            Threads = threads,
            MaxBatchTokens = 512,
        });
        var random = new Random(1);
        int[] ids = [.. Enumerable.Range(0, tokens).Select(_ => random.Next(config.VocabularySize))];
        Tokenizer tokenizer = Tokenizer.Load(_model);
        int[] prompt = tokenizer.Encode("\n\nRepeat the previous context exactly.", parseSpecial: false);
        _context = new PolicyContext(ids)
        {
            Reconstruction = new ReconstructionPrompts(prompt, prompt, tokenizer.Encode("\n", parseSpecial: false)),
            KindOf = id => id % 13 == 0 ? TokenKind.Punctuation : TokenKind.Plain,
            Calibration = new HeadCalibration
            {
                RetrievalScores = Scores(random, config.Layers, config.KvHeads),
                InductionScores = Scores(random, config.Layers, config.QueryHeads),
                SemanticRetrievalHeads =
                    [.. Enumerable.Range(0, config.Layers).Select(_ => Enumerable.Range(0, Math.Min(4, config.QueryHeads)).ToArray())],
                LayerErrors = Scores(random, 1, config.Layers)[0],
            },
        };
        Cache = _backend.CreateCache();
    }

    /// <summary>The prefilled cache, after <see cref="Prefill"/>.</summary>
    public KvCache Cache { get; private set; }

    /// <summary>Seconds of one prefill.</summary>
    public double Prefill()
    {
        Cache.Dispose();
        Cache = _backend.CreateCache();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < _context.History.Length; i += _backend.MaxBatchTokens)
        {
            int count = Math.Min(_backend.MaxBatchTokens, _context.History.Length - i);
            _backend.Forward([new ForwardRequest(Cache) { Tokens = _context.History.Slice(i, count), Logits = LogitsRows.None }]);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Seconds of gathering, planning and applying, each the best of the repetitions; bytes of the arena freed.</summary>
    public (double Gather, double Plan, double Apply, double Freed) Run(ICompressionPolicy policy, double ratio, int repeat)
    {
        double gather = double.MaxValue;
        double plan = double.MaxValue;
        double apply = double.MaxValue;
        double freed = 0;
        for (int i = 0; i < repeat; i++)
        {
            long start = Stopwatch.GetTimestamp();
            PolicyInput input = PolicyInputs.Gather(_backend, Cache, policy.Request, _context).Input;
            gather = Math.Min(gather, Seconds(ref start));
            RetentionPlan made = policy.Plan(input, RetentionBudget.OfRatio(ratio));
            plan = Math.Min(plan, Seconds(ref start));
            Prefill();
            long bytes = Cache.Bytes;
            start = Stopwatch.GetTimestamp();
            PlanApplication.Apply(_backend, Cache, made);
            apply = Math.Min(apply, Seconds(ref start));
            freed = 1 - ((double)Cache.Bytes / bytes);
            Prefill();
        }

        return (gather, plan, apply, freed);
    }

    public void Dispose()
    {
        Cache.Dispose();
        _backend.Dispose();
        _model.Dispose();
    }

    private static double Seconds(ref long start)
    {
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        return seconds;
    }

    private static float[][] Scores(Random random, int rows, int columns) =>
        [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, columns).Select(_ => random.NextSingle()).ToArray())];
}
