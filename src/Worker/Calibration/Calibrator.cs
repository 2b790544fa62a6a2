using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;
using KVCluster.Inference;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Calibration;

/// <summary>
/// Finds a model's retrieval heads and its layers' share in the error of compression, on documents made on the spot: semantic retrieval heads
/// and layer errors as CompressKV (arXiv 2508.02401), streaming heads by a proxy for DuoAttention's gates (arXiv 2410.10819), induction and
/// echo heads as RazorAttention (arXiv 2407.15891).
/// </summary>
public sealed class Calibrator
{
    private readonly LocalModel _model;
    private readonly CalibrationSettings _settings;
    private readonly int _heads;

    /// <exception cref="InputException">A setting is out of range, or the model's context or its arena too short for a length.</exception>
    public Calibrator(LocalModel model, CalibrationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        _model = model;
        _settings = settings;
        _heads = model.Config.Layers * model.Config.QueryHeads;
        int longest = settings.Lengths.Max() + settings.AnswerTokens;
        if (longest > model.Config.ContextLength)
        {
            throw new InputException(
                $"the model's context of {model.Config.ContextLength} tokens is too short for documents of {settings.Lengths.Max()} tokens "
                + $"and an answer of {settings.AnswerTokens}; calibrate on shorter ones");
        }

        int room = KvCapacity.MaxTokens(model.Backend.Pool.Geometry, model.Backend.Pool.Ledger.Snapshot().TotalBytes);
        if (room < ArenaTokens(settings))
        {
            throw new InputException($"the KV arena has room for {room} tokens, the calibration needs {ArenaTokens(settings)}");
        }
    }

    /// <summary>Tokens of arena a calibration needs.</summary>
    public static int ArenaTokens(CalibrationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Math.Max(settings.Lengths.Max() + settings.AnswerTokens, (settings.RandomTokens * settings.Repeats) + 1);
    }

    /// <summary>Measures everything; the same settings give the same result on the same machine.</summary>
    /// <exception cref="InputException">The model answered none of the needles.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two steps.</exception>
    public ModelCalibration Run(Action<double>? progress = null, CancellationToken cancellationToken = default)
    {
        CalibrationProgress work = new(_settings, progress);
        InductionMasses induction = Induction(work, cancellationToken);
        var random = new SeededRandom(_settings.Seed);
        List<CalibrationRun> runs = [];
        List<(int Length, NeedleRun Run)> answered = [];
        double[] semantic = new double[_heads];
        double[] retrieval = new double[_heads];
        foreach (int length in _settings.Lengths)
        {
            foreach (double depth in _settings.Depths)
            {
                NeedlePrompt prompt = NeedlePrompt.Make(_model, random, length, depth);
                using AttentionProbe probe = new(_model.Backend);
                NeedleRun? run = NeedleTrial.Run(_model, probe, prompt, _settings.AnswerTokens, cancellationToken);
                runs.Add(new CalibrationRun(prompt.Tokens.Length, depth, run is not null));
                if (run is not null)
                {
                    answered.Add((length, run));
                    RetrievalMasses masses = RetrievalScan.Measure(probe, run, cancellationToken);
                    Add(semantic, masses.Scores(run));
                    Add(retrieval, masses.Means(run));
                }

                work.Needle(length);
            }
        }

        if (answered.Count == 0)
        {
            throw new InputException(
                $"the model answered none of the {runs.Count} needles, so its retrieval heads cannot be told: calibration needs a model that "
                + "finds a fact in a document of the lengths given");
        }

        int[][] heads = SemanticRetrieval.BestHeads(ByLayer(semantic), _settings.HeadsPerLayer);
        double[] errors = LayerErrors(answered, heads, work, cancellationToken);
        work.End();
        return new ModelCalibration
        {
            Model = CalibratedModel.Of(_model),
            Settings = _settings,
            Runs = runs,
            SemanticRetrievalScores = Singles(semantic, answered.Count),
            SemanticRetrievalHeads = heads,
            LayerErrors = [.. errors.Select(e => (float)e)],
            RetrievalScores = BestOfGroups(Singles(retrieval, answered.Count)),
            InductionScores = Singles(induction.Induction, 1),
            EchoScores = Singles(induction.Echo, 1),
        };
    }

    private InductionMasses Induction(CalibrationProgress work, CancellationToken cancellationToken)
    {
        int[] sequence = RandomSequence.Make(_model, _settings);
        using AttentionProbe probe = new(_model.Backend);
        if (_model.Tokenizer.AddBos)
        {
            probe.Append(new[] { _model.Tokenizer.BosId!.Value }, cancellationToken);
        }

        return InductionScan.Measure(
            probe, sequence, _settings.Repeats, Math.Min(_settings.RandomQueries, sequence.Length), work.Random, cancellationToken);
    }

    /// <summary>Prompts of one length are one data set.</summary>
    private double[] LayerErrors(
        List<(int Length, NeedleRun Run)> answered, int[][] heads, CalibrationProgress work, CancellationToken cancellationToken)
    {
        var policy = new CompressKvPolicy(new CompressKvParameters { LayerBudgets = false });
        var scan = new LayerErrorScan(_model.Backend, _model.Files.Weights);
        List<double[]> sets = [];
        foreach (IGrouping<int, NeedleRun> set in answered.GroupBy(a => a.Length, a => a.Run))
        {
            double[] sums = new double[_model.Config.Layers];
            foreach (NeedleRun run in set)
            {
                using AttentionProbe probe = new(_model.Backend);
                probe.Append(run.Prompt, cancellationToken);
                RetentionPlan plan = CappedPlan.Of(_model.Backend, probe.Cache, run.Prompt, policy, heads, _settings.ErrorTokens);
                foreach (double[] step in scan.Measure(probe, plan, run.Generated, cancellationToken))
                {
                    Add(sums, step);
                }

                work.Error(set.Key);
            }

            sets.Add(sums);
        }

        return ErrorBudget.LayerScores(sets);
    }

    private static void Add(double[] sums, double[] values)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += values[i];
        }
    }

    private double[][] ByLayer(double[] flat) => [.. flat.Chunk(_model.Config.QueryHeads)];

    private float[][] Singles(double[] sums, int count) =>
        [.. ByLayer(sums).Select(layer => layer.Select(v => (float)(v / count)).ToArray())];

    // A KV head serves whichever query head of its group needs it most.
    private float[][] BestOfGroups(float[][] queryHeads) =>
        [.. queryHeads.Select(layer => layer.Chunk(_model.Config.GroupSize).Select(group => group.Max()).ToArray())];
}
