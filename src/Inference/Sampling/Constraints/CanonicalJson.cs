using System.Text.Encodings.Web;
using System.Text.Json;

namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>How constants of a schema are written: without blanks, characters as themselves.</summary>
internal static class CanonicalJson
{
    public static JsonSerializerOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
