using System.Text.Json;
using System.Text.Json.Serialization;

namespace KVCluster.Evaluation.Summary;

/// <summary>A report as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true)]
[JsonSerializable(typeof(EvaluationReport))]
public sealed partial class SummaryJson : JsonSerializerContext
{
    /// <summary>One JSON object.</summary>
    public static string Write(EvaluationReport report) => JsonSerializer.Serialize(report, Default.EvaluationReport);
}
