using System.Text.Json;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;
using KVCluster.Inference.Backend;
using KVCluster.TestSupport;
using KVCluster.Worker.Calibration;
using KVCluster.Worker.Tests.Goldens;
using Xunit.Abstractions;

namespace KVCluster.Worker.Tests.Calibration;

/// <summary>CompressKV's calibration through the backend: scores and heads of needle runs, and layers' errors, are the reference's.</summary>
[Trait("Category", "Goldens")]
public sealed class CompressKvCalibrationGoldens(ITestOutputHelper output)
{
    private const string Part = "compresskv";
    private const double Tolerance = 1e-4;

    public static TheoryData<string> Cases() => new(GoldenFiles.Files(Part, "*.safetensors").Select(f => Path.ChangeExtension(f, null)));

    [GoldenTheory(Part)]
    [MemberData(nameof(Cases))]
    public void Retrieval_scores_and_heads_of_needle_runs(string name)
    {
        JsonElement json = GoldenFiles.Json(Part, name + ".json");
        if (!TryOpen(json, out GoldenBackend? golden) || !json.TryGetProperty("srh", out JsonElement part))
        {
            return;
        }

        using GoldenBackend owned = golden!;
        var tensors = new GoldenTensors(GoldenFiles.Path(Part, name + ".safetensors"));
        JsonElement[] runs = [.. part.GetProperty("runs").EnumerateArray()];
        List<double[]> successful = [];
        for (int i = 0; i < runs.Length; i++)
        {
            double[] scores = CheckRun(owned, runs[i], tensors, $"srh.run{i}");
            if (runs[i].GetProperty("successful").GetBoolean())
            {
                successful.Add(scores);
            }
        }

        Assert.Equal(part.GetProperty("successful_runs").GetInt32(), successful.Count);
        double[] mean = [.. successful[0].Select((_, head) => successful.Average(run => run[head]))];
        Within(tensors.Floats("srh.score"), mean, $"{name}: srh.score");
        int[][] heads = SemanticRetrieval.BestHeads([.. mean.Chunk(golden!.Model.Config.QueryHeads)], json.GetProperty("first_k").GetInt32());
        Assert.Equal(part.GetProperty("heads_per_layer").EnumerateArray().Select(GoldenFiles.Integers), heads);
        output.WriteLine($"{name}: {runs.Length} runs, {successful.Count} successful, heads of {heads.Length} layers equal");
    }

    [GoldenTheory(Part)]
    [MemberData(nameof(Cases))]
    public void Errors_of_layers_cut_to_the_cap(string name)
    {
        JsonElement json = GoldenFiles.Json(Part, name + ".json");
        if (!TryOpen(json, out GoldenBackend? golden) || !json.TryGetProperty("error", out JsonElement part))
        {
            return;
        }

        using GoldenBackend owned = golden!;
        var tensors = new GoldenTensors(GoldenFiles.Path(Part, name + ".safetensors"));
        List<double[]> sets = [];
        int samples = 0;
        foreach (JsonElement set in part.GetProperty("sets").EnumerateArray())
        {
            double[] sum = new double[owned.Model.Config.Layers];
            int index = 0;
            foreach (JsonElement sample in set.GetProperty("samples").EnumerateArray())
            {
                double[] errors = CheckSample(owned, json, sample, tensors, $"error.set{sets.Count}.sample{index++}.per_step");
                sum = [.. sum.Zip(errors, (a, b) => a + b)];
                samples++;
            }

            sets.Add(sum);
        }

        Within(part.GetProperty("layer_scores").EnumerateArray().Select(e => e.GetDouble()), ErrorBudget.LayerScores(sets), "layer scores");
        output.WriteLine($"{name}: {samples} samples in {sets.Count} sets");
    }

    private static double[] CheckRun(GoldenBackend golden, JsonElement json, GoldenTensors tensors, string name)
    {
        NeedleRun run = new(
            GoldenFiles.Integers(json.GetProperty("prompt_ids")),
            json.GetProperty("answer_start").GetInt32(),
            json.GetProperty("answer_end").GetInt32(),
            GoldenFiles.Integers(json.GetProperty("generated_ids")));
        Assert.Equal(
            json.GetProperty("successful").GetBoolean(), SemanticRetrieval.UnigramRecall(run.Generated, run.Answer) > 0.5);
        using AttentionProbe probe = new(golden.Backend);
        probe.Append(run.Prompt);
        RetrievalMasses masses = RetrievalScan.Measure(probe, run);
        Within(tensors.Floats($"{name}.answer_mass"), masses.Heads.SelectMany(m => m.Select(v => (double)v)), $"{name}.answer_mass");
        double[] scores = masses.Scores(run);
        Within(tensors.Floats($"{name}.score"), scores, $"{name}.score");

        int steps = json.GetProperty("in_answer").EnumerateArray().Sum(e => e.GetInt32());
        Within(scores.Select(score => score / steps), masses.Means(run), $"{name}: means");
        return scores;
    }

    private static double[] CheckSample(GoldenBackend golden, JsonElement json, JsonElement sample, GoldenTensors tensors, string name)
    {
        int[] context = GoldenFiles.Integers(sample.GetProperty("context_ids"));
        using AttentionProbe probe = new(golden.Backend);
        probe.Append(context);
        var policy = new CompressKvPolicy(new CompressKvParameters
        {
            Window = json.GetProperty("window").GetInt32(),
            Kernel = json.GetProperty("kernel").GetInt32(),
            LayerBudgets = false,
        });
        int[][] heads = [.. json.GetProperty("select").GetProperty("heads_per_layer").EnumerateArray().Select(GoldenFiles.Integers)];
        int cap = json.GetProperty("error").GetProperty("cap").GetInt32();
        RetentionPlan plan = CappedPlan.Of(golden.Backend, probe.Cache, context, policy, heads, cap);
        for (int layer = 0; layer < plan.Layers; layer++)
        {
            int[] kept = GoldenFiles.Integers(sample.GetProperty("kept_at_cap")[layer]);
            Assert.All(Enumerable.Range(0, plan.KvHeads), head => Assert.Equal(kept, plan.Kept(layer, head).ToArray()));
        }

        double[][] errors = new LayerErrorScan(golden.Backend, golden.Model.Weights)
            .Measure(probe, plan, GoldenFiles.Integers(sample.GetProperty("decoded_input_ids")));
        Within(tensors.Doubles(name), errors.SelectMany(e => e), name);
        double[] sums = [.. errors[0].Select((_, layer) => errors.Sum(step => step[layer]))];
        Within(sample.GetProperty("error_sum_eps_1e6").EnumerateArray().Select(e => e.GetDouble()), sums, $"{name}: sums");
        return sums;
    }

    private bool TryOpen(JsonElement json, out GoldenBackend? golden)
    {
        string model = json.GetProperty("model").GetString()!;
        golden = Directory.Exists(GoldenFiles.Path("models", model)) ? new GoldenBackend(model) : null;
        if (golden is null)
        {
            output.WriteLine($"not run, there is no model {model}");
        }

        return golden is not null;
    }

    private static void Within(IEnumerable<float> expected, IEnumerable<double> actual, string what) =>
        Within(expected.Select(e => (double)e), actual, what);

    private static void Within(IEnumerable<double> expected, IEnumerable<double> actual, string what)
    {
        double[] right = [.. expected];
        double[] found = [.. actual];
        Assert.Equal(right.Length, found.Length);
        double largest = right.Max(Math.Abs);

        // The largest of numbers leaves out what is none.
        Assert.All(found, value => Assert.True(double.IsFinite(value), what));
        double worst = right.Zip(found, (a, b) => Math.Abs(a - b)).Max();
        Assert.True(worst <= Tolerance * largest, $"{what}: off by {worst:g3}, the largest is {largest:g3}");
    }
}
