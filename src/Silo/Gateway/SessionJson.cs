using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KVCluster.Silo.Gateway;

/// <summary>How the sessions API writes its bodies: snake case, nothing for null.</summary>
[JsonSerializable(typeof(SessionBody))]
[JsonSerializable(typeof(SessionList))]
[JsonSerializable(typeof(HistoryBody))]
[JsonSerializable(typeof(TurnBody))]
[JsonSerializable(typeof(PieceBody))]
[JsonSerializable(typeof(IReadOnlyList<NodeBody>))]
[JsonSerializable(typeof(ResponseBody))]
[JsonSerializable(typeof(ResponseEvent))]
internal sealed partial class SessionJson : JsonSerializerContext
{
    public static SessionJson Web { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
