using System.Globalization;
using System.Text.Json;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.TestSupport;
using Xunit.Abstractions;

namespace KVCluster.Worker.Tests.Goldens;

/// <summary>KVCompose end to end on the tiny reference models: attention, every clean kept set, and logits over what is left.</summary>
[Trait("Category", "Goldens")]
public sealed class KvComposeBackendGoldens(ITestOutputHelper output)
{
    private const string Part = "kvcompose";
    private const double AttentionTolerance = 1e-4;
    private const double LogitsTolerance = 2e-4;

    public static TheoryData<string> Cases() => new(Directory.Exists(GoldenFiles.Path(Part))
        ? Directory.EnumerateFiles(GoldenFiles.Path(Part), "*.json", SearchOption.AllDirectories)
            .Select(file => Path.ChangeExtension(Path.GetRelativePath(GoldenFiles.Path(Part), file), null))
            .Order(StringComparer.Ordinal)
        : []);

    [GoldenTheory(Part)]
    [MemberData(nameof(Cases))]
    public void Attention_kept_sets_and_logits_are_the_papers(string name)
    {
        JsonElement json = GoldenFiles.Json(Part, name + ".json");
        var tensors = new GoldenTensors(GoldenFiles.Path(Part, name + ".safetensors"));
        string folder = GoldenFiles.Path("models", json.GetProperty("model").GetString()!);
        if (!Directory.Exists(folder))
        {
            output.WriteLine($"{name}: not run, there is no {folder}");
            return;
        }

        using LoadedModel model = ModelLoader.Open(folder);
        int[] context = GoldenFiles.Integers(json.GetProperty("context_ids"));
        using var backend = new CpuBackend(model, new CpuBackendOptions
        {
            KvType = KvElementType.F32,
            ArenaBytes = 6 * KvCapacity.BytesFor(
                new KvGeometry(model.Config.Layers, model.Config.KvHeads, model.Config.HeadSize, KvElementType.F32), context.Length + 64),
            Threads = 2,
        });
        using KvCache cache = backend.CreateCache();
        Forward(backend, cache, context);

        double attention = CheckAttention(backend, cache, json, tensors);
        int sets = 0;
        int withLogits = 0;
        foreach (JsonElement selection in json.GetProperty("selections").EnumerateArray())
        {
            using KvCache compressed = cache.Fork();
            Compress(backend, compressed, context, json, selection);
            JsonElement clean = selection.GetProperty("clean");
            AssertKept(clean, compressed, $"{name}: {selection.GetProperty("compression_ratio")}");
            sets++;
            withLogits += CheckLogits(backend, compressed, json, selection, tensors) ? 1 : 0;
        }

        Assert.True(sets > 0);
        output.WriteLine($"{name}: attention off by {attention:g2} of its largest, {sets} kept sets equal, logits of {withLogits} of them");
    }

    private static double CheckAttention(CpuBackend backend, KvCache cache, JsonElement json, GoldenTensors tensors)
    {
        using IScoringPass pass = backend.BeginScoring(new ScoringRequest(cache, Prompts(json), Aggregation(json), ChunkTokens: 29));
        while (pass.Step())
        {
        }

        float[] expected = tensors.Floats("clean.attention");
        float largest = Compare.LargestMagnitude(expected);
        float[] actual = Enumerable.Range(0, pass.Result.Layers * pass.Result.Heads)
            .SelectMany(i => pass.Result.Row(i / pass.Result.Heads, i % pass.Result.Heads).ToArray()).ToArray();
        Compare.Within(AttentionTolerance * largest, actual, expected, "attention");
        return Compare.Largest(actual, expected) / largest;
    }

    private static void Compress(CpuBackend backend, KvCache cache, int[] context, JsonElement json, JsonElement selection)
    {
        bool replay = json.GetProperty("task").GetString() == "replay";
        var policy = new KvComposePolicy(
            new KvComposeParameters
            {
                Scores = replay ? AttentionSource.Replay : AttentionSource.Task,
                Aggregation = Aggregation(json),
                HeadMean = selection.GetProperty("add_mean_across_heads").GetBoolean(),
                ValueNorm = selection.GetProperty("add_v_norm").GetBoolean(),
                KeepTokenLowerBound = selection.GetProperty("keep_token_lower_bound").GetInt32(),
                MinimumPerHead = 0,
            },
            selection.GetProperty("structured").GetBoolean());
        RetentionBudget budget = RetentionBudget.OfRatio(selection.GetProperty("compression_ratio").GetDouble());
        PolicyContext known = new(context) { TaskPrompts = replay ? [] : Prompts(json), ChunkTokens = 48 };
        CompressionReport report = new Compressor(backend, cache, known).Run(new CompressionRequest(policy, budget), null, CancellationToken.None);
        long unit = selection.GetProperty("structured").GetBoolean() ? cache.Geometry.KvHeads : 1;
        Assert.Equal(selection.GetProperty("budget").GetInt64() * unit, report.Summary.TotalKept);
    }

    private static void AssertKept(JsonElement clean, KvCache cache, string what)
    {
        int[][] expected = clean.GetProperty("kept").EnumerateArray()
            .SelectMany(layer => layer.EnumerateArray().Select(GoldenFiles.Integers)).ToArray();
        int[][] actual = CacheContents.Positions(cache);
        bool tie = clean.GetProperty("border_gap_relative") is not { ValueKind: JsonValueKind.Number } gap || gap.GetDouble() == 0;
        for (int i = 0; i < expected.Length && !tie; i++)
        {
            Assert.True(expected[i].AsSpan().SequenceEqual(actual[i]), $"{what}: another set in row {i}");
        }

        Assert.Equal(expected.Length, actual.Length);
    }

    /// <summary>Question from position N on, then the reference's answer; false where there are no logits of this selection.</summary>
    private static bool CheckLogits(CpuBackend backend, KvCache cache, JsonElement json, JsonElement selection, GoldenTensors tensors)
    {
        JsonElement clean = selection.GetProperty("clean");
        string kind = selection.GetProperty("structured").GetBoolean() ? "structured" : "unstructured";
        string ratio = selection.GetProperty("compression_ratio").GetDouble().ToString(CultureInfo.InvariantCulture);
        string name = $"clean.{kind}-{ratio}";
        if (!clean.TryGetProperty("greedy_tokens", out JsonElement greedy) || !tensors.Contains(name + ".question_logits"))
        {
            return false;
        }

        int[] question = GoldenFiles.Integers(json.GetProperty("question_ids"));
        Compare.Within(LogitsTolerance, Forward(backend, cache, question), tensors.Floats(name + ".question_logits"), name + " question");
        int steps = tensors.Shape(name + ".decode_logits")[0];
        int[] answer = GoldenFiles.Integers(greedy)[..steps];
        float[] decoded = answer.SelectMany(token => Forward(backend, cache, [token])).ToArray();
        Compare.Within(LogitsTolerance, decoded, tensors.Floats(name + ".decode_logits"), name + " answer");
        return true;
    }

    private static QueryAggregation Aggregation(JsonElement json) =>
        Enum.Parse<QueryAggregation>(json.GetProperty("agg_task").GetString()!, ignoreCase: true);

    private static ReadOnlyMemory<int>[] Prompts(JsonElement json) =>
        [.. json.GetProperty("prompt_ids").EnumerateArray().Select(p => (ReadOnlyMemory<int>)GoldenFiles.Integers(p))];

    /// <summary>Logits of every row, [tokens, V].</summary>
    private static float[] Forward(CpuBackend backend, KvCache cache, int[] tokens)
    {
        var logits = new float[tokens.Length * backend.Model.VocabularySize];
        backend.Forward([new ForwardRequest(cache) { Tokens = tokens, Logits = LogitsRows.All, LogitsDestination = logits }]);
        return logits;
    }
}
