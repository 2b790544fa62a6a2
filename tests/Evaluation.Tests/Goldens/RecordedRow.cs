using System.Text.Json;

namespace KVCluster.Evaluation.Tests.Goldens;

/// <summary>One press at one ratio on one sample, as the Python reference measured it.</summary>
internal sealed record RecordedRow(string Press, double Ratio, double Score, string Answer, long Kept)
{
    public static RecordedRow Read(JsonElement row) => new(
        row.GetProperty("press").GetString()!,
        row.GetProperty("ratio").GetDouble(),
        row.GetProperty("score").GetDouble(),
        row.GetProperty("answer").GetString()!,
        row.GetProperty("kept").GetInt64());
}
