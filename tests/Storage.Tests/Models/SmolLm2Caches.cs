using System.Text.Json;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.TestSupport;

namespace KVCluster.Storage.Tests.Models;

/// <summary>The reference prompts of SmolLM2, prefilled once for all tests.</summary>
public sealed class SmolLm2Caches : IDisposable
{
    private readonly Lazy<(LoadedModel Model, CpuBackend Backend, IReadOnlyList<Prompt> Prompts)> _opened = new(Open);

    internal LoadedModel Model => _opened.Value.Model;

    internal CpuBackend Backend => _opened.Value.Backend;

    internal IReadOnlyList<Prompt> Prompts => _opened.Value.Prompts;

    public void Dispose()
    {
        if (_opened.IsValueCreated)
        {
            Backend.Dispose();
            Model.Dispose();
        }
    }

    private static (LoadedModel Model, CpuBackend Backend, IReadOnlyList<Prompt> Prompts) Open()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestPaths.Goldens, "smollm2", "numerics.json")));
        LoadedModel model = ModelLoader.Open(TestPaths.SmolLm2!);
        CpuBackend backend = ModelCaches.Backend(model, KvElementType.F32, tokens: 2500);
        var prompts = new List<Prompt>();
        foreach (JsonProperty prompt in json.RootElement.GetProperty("prompts").EnumerateObject())
        {
            int[] ids = Ints(prompt.Value.GetProperty("ids"));
            JsonElement greedy = prompt.Value.GetProperty("greedy");
            int[] answer = Ints(greedy.GetProperty("ids"));
            KvCache cache = backend.CreateCache();
            ModelCaches.Prefill(backend, cache, ids[..^1]);
            int[] fed = [ids[^1], .. answer[..^1]];
            using KvCache fork = cache.Fork();
            prompts.Add(new Prompt(
                prompt.Name,
                ids[..^1],
                fed,
                answer,
                [.. greedy.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("gap").GetDouble())],
                cache,
                ModelCaches.Append(backend, fork, fed)));
        }

        return (model, backend, prompts);
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    /// <summary>A prompt but for its last token, what is fed after it, the reference's greedy answer and its leads, the exact logits.</summary>
    internal sealed record Prompt(
        string Name, int[] Tokens, int[] Fed, int[] Answer, double[] Leads, KvCache Cache, float[] Logits);
}
