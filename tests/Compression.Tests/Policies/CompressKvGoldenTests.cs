using System.Text.Json;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;
using KVCluster.TestSupport;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>CompressKV's formulas against goldens/compresskv.</summary>
[Trait("Category", "Goldens")]
public sealed class CompressKvGoldenTests
{
    private const double Tolerance = 1e-4;

    private static readonly string _folder = Path.Combine(TestPaths.Goldens, "compresskv");

    [GoldenFact("compresskv")]
    public void Layer_budgets_are_the_references()
    {
        string path = Path.Combine(_folder, "budgets.json");
        if (!File.Exists(path))
        {
            return;
        }

        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
        foreach (JsonElement test in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            int[] counts = ErrorBudget.Counts(
                Doubles(test.GetProperty("layer_scores")),
                test.GetProperty("total_budget").GetInt64(),
                test.GetProperty("min_tokens").GetInt32(),
                test.GetProperty("max_tokens").GetInt32());
            Assert.Equal(Integers(test.GetProperty("expected")), counts);
        }
    }

    [GoldenFact("compresskv")]
    public void Semantic_retrieval_heads_are_the_references()
    {
        ForEachModel((json, tensors) =>
        {
            JsonElement srh = json.GetProperty("srh");
            List<double[][]> successful = [];
            List<double[][]> successfulByOccurrence = [];
            for (int run = 0; run < srh.GetProperty("runs").GetArrayLength(); run++)
            {
                JsonElement test = srh.GetProperty("runs")[run];
                int[] prompt = Integers(test.GetProperty("prompt_ids"));
                int[] answer = prompt[test.GetProperty("answer_start").GetInt32()..test.GetProperty("answer_end").GetInt32()];
                int[] generated = Integers(test.GetProperty("generated_ids"));
                double recall = SemanticRetrieval.UnigramRecall(generated, answer);
                Assert.Equal(test.GetProperty("unigram_recall").GetDouble(), recall, 1e-12);
                Assert.Equal(test.GetProperty("successful").GetBoolean(), recall > 0.5);
                double[][] scores = RunScores(tensors, run, generated, answer, byOccurrence: false);
                double[][] repository = RunScores(tensors, run, generated, answer, byOccurrence: true);
                CheckClose(tensors.Floats($"srh.run{run}.score"), scores);
                CheckClose(tensors.Floats($"srh.run{run}.score_repository"), repository);
                if (recall > 0.5)
                {
                    successful.Add(scores);
                    successfulByOccurrence.Add(repository);
                }
            }

            double[][] mean = Mean(successful);
            CheckClose(tensors.Floats("srh.score"), mean);
            CheckClose(tensors.Floats("srh.score_repository"), Mean(successfulByOccurrence));
            int[][] expected = [.. srh.GetProperty("heads_per_layer").EnumerateArray().Select(Integers)];
            Assert.Equal(expected, SemanticRetrieval.BestHeads(mean, expected[0].Length));
        });
    }

    [GoldenFact("compresskv")]
    public void Selection_is_the_references()
    {
        ForEachModel((json, tensors) =>
        {
            int window = json.GetProperty("window").GetInt32();
            JsonElement select = json.GetProperty("select");
            int[] shape = tensors.Shape("select.window_attention_sum");
            int tokens = select.GetProperty("context_ids").GetArrayLength();

            // Kept sets are given per layer; one KV head stands for all, since each would keep the same.
            float[][] rows = [.. tensors.Floats("select.window_attention_sum").Chunk(shape[2])
                .Select(row => row.Select(v => v / window).Concat(new float[tokens - row.Length]).ToArray())];
            PolicyInput input = new(CacheShape.Whole(shape[0], 1, tokens))
            {
                Attention = new AttentionScores(shape[0], shape[1], rows),
                Calibration = new HeadCalibration
                {
                    SemanticRetrievalHeads = [.. select.GetProperty("heads_per_layer").EnumerateArray().Select(Integers)],
                },
            };
            CompressKvPolicy policy = new(new CompressKvParameters { Window = window, Kernel = json.GetProperty("kernel").GetInt32() });
            AttentionScores scores = policy.Score(input);
            CheckClose(
                tensors.Floats("select.scores"),
                [.. Enumerable.Range(0, shape[0]).Select(l => scores.Row(l, 0)[..shape[2]].ToArray().Select(v => (double)v).ToArray())]);
            foreach (JsonProperty test in select.GetProperty("kept").EnumerateObject())
            {
                RetentionPlan plan = policy.Plan(input, RetentionBudget.OfSlots(long.Parse(test.Name) * shape[0]));
                for (int layer = 0; layer < shape[0]; layer++)
                {
                    Assert.Equal(Integers(test.Value[layer]), plan.Kept(layer, 0).ToArray());
                }
            }
        });
    }

    [GoldenFact("compresskv")]
    public void Layer_scores_are_the_references()
    {
        ForEachModel((json, tensors) =>
        {
            JsonElement error = json.GetProperty("error");
            List<double[]> sets = [];
            for (int set = 0; set < error.GetProperty("sets").GetArrayLength(); set++)
            {
                double[] sum = new double[error.GetProperty("layer_scores").GetArrayLength()];
                int samples = error.GetProperty("sets")[set].GetProperty("samples").GetArrayLength();
                for (int sample = 0; sample < samples; sample++)
                {
                    double[] steps = tensors.Doubles($"error.set{set}.sample{sample}.per_step");
                    for (int i = 0; i < steps.Length; i++)
                    {
                        sum[i % sum.Length] += steps[i];
                    }
                }

                sets.Add(sum);
                CheckClose(Doubles(error.GetProperty("sets")[set].GetProperty("normalised")), ErrorBudget.Normalize(sum));
            }

            double[] scores = ErrorBudget.LayerScores(sets);
            CheckClose(Doubles(error.GetProperty("layer_scores")), scores);
            foreach (JsonElement end in json.GetProperty("end_to_end").EnumerateArray())
            {
                int budget = end.GetProperty("average_budget").GetInt32();
                int[] expected = Integers(end.GetProperty("layer_budgets"));
                Assert.Equal(expected, ErrorBudget.Counts(scores, (long)budget * expected.Length, Math.Min(32, budget), 3 * budget));
            }
        });
    }

    private static void ForEachModel(Action<JsonElement, GoldenTensors> check)
    {
        foreach (string file in Directory.EnumerateFiles(_folder, "*.safetensors").Order(StringComparer.Ordinal))
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(file, ".json")));
            check(json.RootElement, new GoldenTensors(file));
        }
    }

    private static double[][] RunScores(GoldenTensors tensors, int run, int[] generated, int[] answer, bool byOccurrence)
    {
        int[] shape = tensors.Shape($"srh.run{run}.answer_mass");
        return
        [
            .. tensors.Floats($"srh.run{run}.answer_mass").Chunk(shape[2])
                .Select(mass => SemanticRetrieval.RunScore(mass, generated, answer, byOccurrence))
                .Chunk(shape[1]),
        ];
    }

    private static double[][] Mean(List<double[][]> runs) =>
        [.. runs[0].Select((layer, l) => layer.Select((_, h) => runs.Average(r => r[l][h])).ToArray())];

    private static void CheckClose(float[] expected, double[][] actual) =>
        CheckClose(Array.ConvertAll(expected, v => (double)v), [.. actual.SelectMany(row => row)]);

    private static void CheckClose(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.InRange(actual[i], expected[i] - (Tolerance * largest), expected[i] + (Tolerance * largest));
        }
    }

    private static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    private static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetDouble())];
}
