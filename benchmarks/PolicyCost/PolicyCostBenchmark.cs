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
    private readonly PolicyCostSettings _settings;
    private readonly LoadedModel _model;
    private readonly Process _process = Process.GetCurrentProcess();
    private readonly CpuBackend _backend;
    private readonly PolicyContext _context;

    public PolicyCostBenchmark(PolicyCostSettings settings)
    {
        _settings = settings;
        int tokens = settings.Tokens;
        _model = ModelLoader.Open(settings.Model);
        ModelConfig config = _model.Config;
        var geometry = new KvGeometry(config.Layers, config.KvHeads, config.HeadSize, settings.KvType, 32);
        _backend = new CpuBackend(_model, new CpuBackendOptions
        {
            ArenaBytes = KvCapacity.BytesFor(geometry, (2 * tokens) + 64),
            KvType = settings.KvType,
            PageTokens = 32,
            Threads = settings.Threads,
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

    private int Chunks => (_context.History.Length + _backend.MaxBatchTokens - 1) / _backend.MaxBatchTokens;

    /// <summary>Seconds of one prefill.</summary>
    public double Prefill(ObservationOptions? observe = null)
    {
        Cache.Dispose();
        Cache = _backend.CreateCache(observe);
        return Enumerable.Range(0, Chunks).Sum(i => Forward(Cache, i));
    }

    /// <summary>Prefills a cache that observes nothing and one that observes, chunk by chunk in turn; the last one that observes stays.</summary>
    public PairedTimes PrefillInPairs(ObservationOptions? observe, int rounds)
    {
        var plain = new double[rounds][];
        var observing = new double[rounds][];
        for (int round = 0; round < rounds; round++)
        {
            Cache.Dispose();
            using KvCache unobserved = _backend.CreateCache();
            Cache = _backend.CreateCache(observe);
            plain[round] = new double[Chunks];
            observing[round] = new double[Chunks];
            for (int chunk = 0; chunk < Chunks; chunk++)
            {
                bool first = (round + chunk) % 2 == 0;
                observing[round][chunk] = first ? Forward(Cache, chunk) : 0;
                plain[round][chunk] = Forward(unobserved, chunk);
                observing[round][chunk] += first ? 0 : Forward(Cache, chunk);
            }
        }

        return new PairedTimes(plain, observing);
    }

    /// <summary>All of it in turn, each the best of the repetitions.</summary>
    public PolicyCost Run(ICompressionPolicy policy, double ratio, int repeat)
    {
        ObservationOptions? observe = ObservationOptions.For(policy.Request);
        PolicyContext context = _context with { Observation = observe };
        var best = new PolicyCost(observe, double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue, 0);
        for (int i = 0; i < repeat; i++)
        {
            double prefill = Prefill();
            if (observe is not null)
            {
                Prefill(observe);
            }

            if (i == 0)
            {
                // Once for the compiler.
                policy.Plan(PolicyInputs.Gather(_backend, Cache, policy.Request, context).Input, RetentionBudget.OfRatio(ratio));
            }

            long bytes = Cache.Bytes;
            double start = Now();
            PolicyInput input = PolicyInputs.Gather(_backend, Cache, policy.Request, context).Input;
            TimedSlotNorms? norms = input.SlotNorms is { } slots ? new TimedSlotNorms(slots, Now) : null;
            double gathered = Now();
            RetentionPlan plan = policy.Plan(input with { SlotNorms = norms }, RetentionBudget.OfRatio(ratio));
            double planned = Now();
            double asked = norms?.Seconds ?? 0;
            PlanApplication.Apply(_backend, Cache, plan);
            double applied = Now();
            best = new PolicyCost(
                observe,
                Math.Min(best.Prefill, prefill),
                Math.Min(best.Gather, gathered - start + asked),
                Math.Min(best.Plan, planned - gathered - asked),
                Math.Min(best.Apply, applied - planned),
                1 - ((double)Cache.Bytes / bytes));
        }

        return best;
    }

    public void Dispose()
    {
        Cache.Dispose();
        _backend.Dispose();
        _model.Dispose();
        _process.Dispose();
    }

    private double Forward(KvCache cache, int chunk)
    {
        int first = chunk * _backend.MaxBatchTokens;
        int count = Math.Min(_backend.MaxBatchTokens, _context.History.Length - first);
        double start = Now();
        _backend.Forward([new ForwardRequest(cache) { Tokens = _context.History.Slice(first, count), Logits = LogitsRows.None }]);
        return Now() - start;
    }

    private double Now()
    {
        if (!_settings.CpuTime)
        {
            return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
        }

        _process.Refresh();
        return _process.TotalProcessorTime.TotalSeconds;
    }

    private static float[][] Scores(Random random, int rows, int columns) =>
        [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, columns).Select(_ => random.NextSingle()).ToArray())];
}
