using KVCluster.Backend.Conformance.Support;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.TestSupport;

namespace KVCluster.Backend.Conformance.Cases;

/// <summary>Logits, keys, values, hidden states and greedy continuations of every reference model, folders and GGUF files.</summary>
[Trait("Category", "Goldens")]
public abstract class ReferenceConformance(TestBackend backend)
{
    private const double LogitsTolerance = 2e-4;
    private const double StateTolerance = 1e-4;

    /// <summary>Below this gap between the best logits two correct float32 engines may choose differently.</summary>
    private const double SafeGap = 1e-3;

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        string models = Path.Combine(TestPaths.Goldens, "models");
        if (Directory.Exists(models))
        {
            foreach (string folder in Directory.EnumerateDirectories(models).Order(StringComparer.Ordinal))
            {
                if (File.Exists(Path.Combine(folder, "forward.safetensors")))
                {
                    cases.Add(Path.Combine("models", Path.GetFileName(folder)), Path.Combine("models", Path.GetFileName(folder), "forward.safetensors"));
                }
            }
        }

        string gguf = Path.Combine(TestPaths.Goldens, "gguf");
        if (Directory.Exists(gguf))
        {
            foreach (string forward in Directory.EnumerateFiles(gguf, "*.forward.safetensors").Order(StringComparer.Ordinal))
            {
                string name = Path.GetFileName(forward);
                cases.Add(Path.Combine("gguf", name.Replace(".forward.safetensors", ".gguf", StringComparison.Ordinal)), Path.Combine("gguf", name));
            }
        }

        return cases;
    }

    [GoldenTheory("models|gguf")]
    [MemberData(nameof(Cases))]
    public void Forward_equals_the_reference(string model, string forward)
    {
        var golden = new GoldenTensors(Path.Combine(TestPaths.Goldens, forward));
        int[] tokens = golden.Integers("input_ids");
        int room = tokens.Length + golden.Integers("greedy_tokens").Length;
        using var fixture = new BackendFixture(backend, ModelLoader.Open(Path.Combine(TestPaths.Goldens, model)), tokens: room, own: true);
        foreach (int chunk in (int[])[512, 25, 1])
        {
            using KvCache cache = fixture.Backend.CreateCache();
            var trace = chunk == 512 ? new HiddenStateTrace() : null;
            float[] logits = fixture.Forward(cache, tokens, chunk, trace);
            Compare.Within(LogitsTolerance, logits, golden.Floats("logits"), $"logits in chunks of {chunk}");
            Compare.Within(StateTolerance, ReadAll(fixture, cache, keys: true), golden.Floats("keys"), "keys");
            Compare.Within(StateTolerance, ReadAll(fixture, cache, keys: false), golden.Floats("values"), "values");
            if (trace is not null)
            {
                CheckHidden(golden, trace);
            }

            int[] expected = golden.Integers("greedy_tokens");
            (int[] greedy, float[] gaps) = fixture.Greedy(cache, logits.AsSpan(^fixture.Vocabulary..), expected.Length);
            int safe = Array.FindIndex(gaps, g => g < SafeGap);
            int compared = safe < 0 ? expected.Length : safe;
            Assert.Equal(expected[..compared], greedy[..compared]);
        }
    }

    private static void CheckHidden(GoldenTensors golden, HiddenStateTrace trace)
    {
        if (golden.Contains("final_hidden"))
        {
            float[] final = golden.Floats("final_hidden");
            Compare.Within(StateTolerance * Math.Max(1, Compare.LargestMagnitude(final)), trace.States[^1], final, "final hidden");
        }

        if (golden.Contains("hidden_states"))
        {
            float[] expected = golden.Floats("hidden_states");
            float[] actual = trace.States.SelectMany(s => s).ToArray();
            Compare.Within(StateTolerance * Math.Max(1, Compare.LargestMagnitude(expected)), actual, expected, "hidden states");
        }
    }

    /// <summary>[L, Hkv, T, d]</summary>
    private static float[] ReadAll(BackendFixture fixture, KvCache cache, bool keys)
    {
        ModelConfig config = fixture.Model.Config;
        int rows = cache.LogicalLength;
        var all = new float[config.Layers * config.KvHeads * rows * config.HeadSize];
        for (int i = 0; i < config.Layers * config.KvHeads; i++)
        {
            Span<float> destination = all.AsSpan(i * rows * config.HeadSize, rows * config.HeadSize);
            if (keys)
            {
                fixture.Backend.ReadKeys(cache, i / config.KvHeads, i % config.KvHeads, 0, rows, destination);
            }
            else
            {
                fixture.Backend.ReadValues(cache, i / config.KvHeads, i % config.KvHeads, 0, rows, destination);
            }
        }

        return all;
    }
}
