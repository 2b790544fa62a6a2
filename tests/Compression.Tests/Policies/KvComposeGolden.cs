using System.Text.Json;
using KVCluster.Compression.Policies;
using KVCluster.TestSupport;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>One pair of files of goldens/kvcompose: MODEL/TASK-AGG.{json,safetensors}.</summary>
internal sealed class KvComposeGolden
{
    private static readonly string Folder = Path.Combine(TestPaths.Goldens, "kvcompose");

    private KvComposeGolden(string name)
    {
        Json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, name + ".json"))).RootElement;
        Tensors = new GoldenTensors(Path.Combine(Folder, name + ".safetensors"));
    }

    public JsonElement Json { get; }

    public GoldenTensors Tensors { get; }

    /// <summary>Names such as llama/replay-max, of whatever is there.</summary>
    public static IEnumerable<string> Names() => Directory.Exists(Folder)
        ? Directory.EnumerateFiles(Folder, "*.json", SearchOption.AllDirectories)
            .Where(f => File.Exists(Path.ChangeExtension(f, ".safetensors")))
            .Select(f => Path.ChangeExtension(Path.GetRelativePath(Folder, f), null))
            .Order(StringComparer.Ordinal)
        : [];

    public static KvComposeGolden Load(string name) => new(name);

    /// <summary>A tensor [layers, heads, tokens].</summary>
    public AttentionScores Scores(string name)
    {
        int[] shape = Tensors.Shape(name);
        float[] values = Tensors.Floats(name);
        return new AttentionScores(shape[0], shape[1], values.Chunk(shape[2]).ToArray());
    }

    public CacheShape Shape()
    {
        int[] shape = Tensors.Shape("clean.grouped");
        return CacheShape.Whole(shape[0], shape[1], shape[2]);
    }

    /// <summary>The value norms, which the files hold only as the factor between two scores.</summary>
    public AttentionScores? ValueNorms()
    {
        const string WithNorm = "clean.scores+vnorm-nomean";
        if (!Tensors.Contains(WithNorm))
        {
            return null;
        }

        AttentionScores grouped = Scores("clean.grouped");
        AttentionScores norms = Scores(WithNorm);
        for (int layer = 0; layer < norms.Layers; layer++)
        {
            for (int head = 0; head < norms.Heads; head++)
            {
                Span<float> row = norms.Row(layer, head);
                for (int j = 0; j < row.Length; j++)
                {
                    float attention = grouped.Row(layer, head)[j];
                    row[j] = attention == 0 ? 1 : row[j] / attention;
                }
            }
        }

        return norms;
    }

    public PolicyInput Input(string source, bool valueNorm) => new(Shape())
    {
        Attention = Scores($"{source}.attention"),
        ValueNorms = valueNorm ? ValueNorms() : null,
    };
}
