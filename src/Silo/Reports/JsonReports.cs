using System.Text.Json;
using System.Text.Json.Serialization;
using KVCluster.Silo.Calibrating;
using KVCluster.Silo.Chatting;
using KVCluster.Silo.Comparing;
using KVCluster.Silo.Demo;
using KVCluster.Silo.Generating;
using KVCluster.Silo.Models;
using KVCluster.Silo.Planning;
using KVCluster.Silo.Simulating;

namespace KVCluster.Silo.Reports;

/// <summary>The JSON of every verb, made at compile time so that nothing is reflected over at start.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ModelDescription))]
[JsonSerializable(typeof(GenerateReport))]
[JsonSerializable(typeof(ChatReport))]
[JsonSerializable(typeof(DemoReport))]
[JsonSerializable(typeof(CompareReport))]
[JsonSerializable(typeof(CompareQuestion[]))]
[JsonSerializable(typeof(CalibrateReport))]
[JsonSerializable(typeof(SimulationReport))]
[JsonSerializable(typeof(ClusterPlan))]
internal sealed partial class JsonReports : JsonSerializerContext;
