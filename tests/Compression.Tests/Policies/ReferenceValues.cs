using System.Text.Json;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>The recorded values of References/, by name; References/README.md says where they come from.</summary>
internal static class ReferenceValues
{
    public static IReadOnlyList<JsonElement> Cases(string name)
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Policies", "References", name + ".json");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
        return [.. json.RootElement.GetProperty("cases").EnumerateArray().Select(c => c.Clone())];
    }

    public static int[] Integers(this JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    public static float[] Floats(this JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetSingle())];

    /// <summary>Rows [layers][heads][slots].</summary>
    public static AttentionScores Scores(this JsonElement layers)
    {
        float[][] rows = [.. layers.EnumerateArray().SelectMany(l => l.EnumerateArray().Select(h => h.Floats()))];
        return new AttentionScores(layers.GetArrayLength(), layers[0].GetArrayLength(), rows);
    }
}
