using System.Text.Json;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Policies;

/// <summary>One case of goldens/presses: MODEL/PRESS-RATIO.{json,safetensors}.</summary>
internal sealed class PressGolden
{
    public static readonly string Folder = Path.Combine(TestPaths.Goldens, "presses");

    private PressGolden(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, name + ".json")));
        Json = document.RootElement.Clone();
        Tensors = new GoldenTensors(Path.Combine(Folder, name + ".safetensors"));
    }

    public JsonElement Json { get; }

    public GoldenTensors Tensors { get; }

    public string Model => Json.GetProperty("model").GetString()!;

    public int[] Context => Integers("context_ids");

    public int[] Question => Integers("question_ids");

    public int[] Greedy => Integers("greedy_tokens");

    /// <summary>Names such as llama/SnapKV-0.25, of whatever is there.</summary>
    public static TheoryData<string> Names() => new(Directory.Exists(Folder)
        ? Directory.EnumerateFiles(Folder, "*.json", SearchOption.AllDirectories)
            .Where(f => File.Exists(Path.ChangeExtension(f, ".safetensors")))
            .Select(f => Path.ChangeExtension(Path.GetRelativePath(Folder, f), null)!)
            .Order(StringComparer.Ordinal)
        : []);

    public static PressGolden Load(string name) => new(name);

    public int[] Kept(int layer, int head) => Integers(Json.GetProperty("kept")[layer][head]);

    /// <summary>What the case knows that a conversation's owner would.</summary>
    public PolicyContext Owner()
    {
        var context = new PolicyContext(Context);
        if (Json.TryGetProperty("replay_prompt_ids", out JsonElement prompts))
        {
            int[] first = Integers(prompts[0]);
            int[] later = prompts.GetArrayLength() > 1 ? Integers(prompts[1]) : first;
            context = context with { Reconstruction = new ReconstructionPrompts(first, later, Integers("replay_suffix_ids")) };
        }

        if (Json.TryGetProperty("head_scores", out JsonElement heads))
        {
            float[][] scores = [.. heads.EnumerateArray().Select(l => l.EnumerateArray().Select(h => h.GetSingle()).ToArray())];
            context = context with { Calibration = new HeadCalibration { RetrievalScores = scores } };
        }

        return context;
    }

    private static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    private int[] Integers(string name) => Integers(Json.GetProperty(name));
}
