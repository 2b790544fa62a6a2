using System.Text.Json.Serialization;

namespace KVCluster.Evaluation.Running;

/// <summary>JSON of a log's lines.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(OutcomeHeader))]
[JsonSerializable(typeof(Outcome))]
internal sealed partial class OutcomeJson : JsonSerializerContext;
