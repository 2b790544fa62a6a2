using System.Globalization;
using System.Text.Json;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.TestSupport;
using Xunit.Abstractions;

namespace KVCluster.Worker.Tests.Goldens;

/// <summary>SmolLM2 compressed by KVCompose in each of the reference's variants: scores, kept sets, and what it says afterwards.</summary>
[Trait("Category", "Goldens")]
public sealed class PressGoldens : IDisposable
{
    private const string Part = "smollm2/presses.json";
    private const double ScoreTolerance = 1e-4;
    private const double LogitsTolerance = 5e-3;
    private const double MovedShare = 0.01;
    private const int CountTolerance = 2;

    private readonly ITestOutputHelper _output;
    private readonly JsonElement _json;
    private readonly GoldenTensors _tensors = null!;
    private readonly LocalModel _model = null!;
    private readonly Conversation _context = null!;

    public PressGoldens(ITestOutputHelper output)
    {
        _output = output;
        if (TestPaths.SmolLm2 is null || !File.Exists(GoldenFiles.Path(Part)))
        {
            return;
        }

        _json = GoldenFiles.Json(Part);
        _tensors = new GoldenTensors(GoldenFiles.Path("smollm2", "presses.safetensors"));
        int[] context = GoldenFiles.Integers(_json.GetProperty("context_ids"));
        _model = GoldenFiles.OpenSmolLm2((3 * context.Length) + 256);
        _context = new Conversation(_model);
        _context.Append(context);
    }

    [GoldenFact(Part, needsSmolLm2: true)]
    public void Replay_scores_are_the_references()
    {
        KvComposePolicy before = new(new KvComposeParameters { HeadMean = false });
        using IScoringPass pass = _model.Backend.BeginScoring(
            new ScoringRequest(_context.Cache, [_context.Tokens.ToArray()], before.Request.Attention!.Aggregation));
        while (pass.Step())
        {
        }

        PolicyInput input = new(Shape()) { Attention = pass.Result };
        AssertScores("score.kvcompose_before_head_mean", before.Score(input));
        AssertScores("score.kvcompose", new KvComposePolicy().Score(input));
    }

    [GoldenFact(Part, needsSmolLm2: true)]
    public void The_whole_cache_answers_as_the_reference_does()
    {
        foreach (JsonProperty ratio in _json.GetProperty("after").GetProperty("none").EnumerateObject())
        {
            using Conversation asked = _context.Fork();
            CheckAnswer(asked, "none", ratio);
        }
    }

    [GoldenFact(Part, needsSmolLm2: true)]
    public void Compressed_caches_keep_and_answer_what_the_references_do()
    {
        int presses = 0;
        foreach (JsonProperty press in _json.GetProperty("kept_per_layer_and_head").EnumerateObject())
        {
            if (PolicyOf(press.Name) is not { } policy)
            {
                continue;
            }

            foreach (JsonProperty counts in press.Value.EnumerateObject())
            {
                CheckCompression(policy, press.Name, counts);
            }

            presses++;
        }

        Assert.True(presses > 0);
    }

    public void Dispose()
    {
        _context?.Dispose();
        _model?.Dispose();
    }

    /// <summary>
    /// The reference's press in our terms, with its rounding down to nothing; null for methods that are not here, and for streaming_llm:
    /// the file lists neither its scores nor its kept sets, and its logits are not those of sinks and recents.
    /// </summary>
    private static ICompressionPolicy? PolicyOf(string press) => press switch
    {
        "kvcompose" => new KvComposePolicy(new KvComposeParameters { MinimumPerHead = 0, ReferenceLayer0 = true }),
        "kvcompose_free_layer0" => new KvComposePolicy(new KvComposeParameters { MinimumPerHead = 0 }),
        "kvcompose_unstructured" => new KvComposePolicy(new KvComposeParameters { MinimumPerHead = 0 }, structured: false),
        _ when press.StartsWith("kvcompose", StringComparison.Ordinal) => throw new InvalidDataException($"no policy for {press}"),
        _ => null,
    };

    private void CheckCompression(ICompressionPolicy policy, string press, JsonProperty counts)
    {
        double ratio = double.Parse(counts.Name, CultureInfo.InvariantCulture);
        using Conversation own = _context.Fork();
        CompressionReport report = own.Compress(new CompressionRequest(policy, RetentionBudget.OfRatio(ratio)));
        KvGeometry geometry = own.Cache.Geometry;
        for (int layer = 0; layer < geometry.Layers; layer++)
        {
            for (int head = 0; head < geometry.KvHeads; head++)
            {
                int kept = report.Summary.Kept(layer, head);
                Assert.Equal(kept, own.Cache.Length(layer, head));
                Assert.InRange(Math.Abs(kept - counts.Value[layer][head].GetInt32()), 0, CountTolerance);
            }
        }

        RetentionPlan expected = ExpectedPlan(policy, press, counts.Name, ratio);
        int[][] actual = CacheContents.Positions(own.Cache);
        int moved = CacheContents.Kept(expected).Zip(actual, (e, a) => a.Except(e).Count()).Sum();
        Assert.InRange(moved, 0, MovedShare * expected.TotalKept);

        // Logits are only comparable over the same slots.
        using Conversation exact = _context.Fork();
        exact.Cache.Compact(expected);
        JsonElement after = _json.GetProperty("after").GetProperty(press);
        string difference = CheckAnswer(moved == 0 ? own : exact, press, after.EnumerateObject().Single(r => r.Name == counts.Name));
        long total = report.Summary.TotalKept;
        _output.WriteLine($"{press} {counts.Name}: {total} slots kept, {moved} others than the reference; {difference}");
    }

    /// <summary>The reference's kept sets where they are listed, else those of its own scores.</summary>
    private RetentionPlan ExpectedPlan(ICompressionPolicy policy, string press, string ratioName, double ratio)
    {
        CacheShape shape = Shape();
        string name = $"kept.{press}.{ratioName}";
        if (!_tensors.Contains(name))
        {
            // Scores by KV head, before the head mean, are an attention by one query head each: the policy adds the rest.
            PolicyInput input = new(shape) { Attention = Scores("score.kvcompose_before_head_mean") };
            return policy.Plan(input, RetentionBudget.OfRatio(ratio));
        }

        int[][] rows = _tensors.Integers(name).Chunk(_tensors.Shape(name)[2])
            .Select(row => row.Where(slot => slot >= 0).ToArray()).ToArray();
        return new RetentionPlan(shape.Layers, shape.KvHeads, rows);
    }

    private string CheckAnswer(Conversation conversation, string press, JsonProperty after)
    {
        conversation.Append(GoldenFiles.Integers(_json.GetProperty("question_ids")));
        float[] logits = conversation.NextLogits().ToArray();
        JsonElement[] top = [.. after.Value.GetProperty("top10").EnumerateArray()];
        float[] actual = top.Select(pair => logits[pair[0].GetInt32()]).ToArray();
        float[] expected = top.Select(pair => pair[1].GetSingle()).ToArray();
        Compare.Within(LogitsTolerance, actual, expected, $"{press} {after.Name}: best logits");
        double largest = Compare.Largest(actual, expected);
        string whole = $"logits.{press}.{after.Name}";
        if (_tensors.Contains(whole))
        {
            Compare.Within(LogitsTolerance, logits, _tensors.Floats(whole), whole);
            largest = Math.Max(largest, Compare.Largest(logits, _tensors.Floats(whole)));
        }

        int[] greedy = GoldenFiles.Integers(after.Value.GetProperty("greedy16"));
        AnswerOutcome outcome = Follows(conversation, greedy, $"{press} {after.Name}");
        return $"logits off by {largest:g2}, tokens: {outcome}";
    }

    private static AnswerOutcome Follows(Conversation conversation, int[] expected, string what)
    {
        Conversation follower = conversation.Fork();
        try
        {
            return AnswerCheck.Follow(ref follower, expected, what);
        }
        finally
        {
            follower.Dispose();
        }
    }

    private CacheShape Shape() =>
        CacheShape.Whole(_model.Config.Layers, _model.Config.KvHeads, _context.Cache.LogicalLength);

    private AttentionScores Scores(string name)
    {
        int[] shape = _tensors.Shape(name);
        return new AttentionScores(shape[0], shape[1], _tensors.Floats(name).Chunk(shape[2]).ToArray());
    }

    private void AssertScores(string name, AttentionScores actual)
    {
        AttentionScores expected = Scores(name);
        for (int layer = 0; layer < expected.Layers; layer++)
        {
            float largest = Enumerable.Range(0, expected.Heads).Max(head => Compare.LargestMagnitude(expected.Row(layer, head)));
            for (int head = 0; head < expected.Heads; head++)
            {
                string what = $"{name}, layer {layer}, head {head}";
                Compare.Within(ScoreTolerance * largest, actual.Row(layer, head), expected.Row(layer, head), what);
            }
        }
    }
}
