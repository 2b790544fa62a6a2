using System.Text.Json;
using System.Text.Json.Serialization;
using KVCluster.Grains;

namespace KVCluster.Silo.Gateway.Files;

/// <summary>How session files are written and read: snake case, names for enumerations; an unknown field or a missing one is an error.</summary>
[JsonSerializable(typeof(SessionFileBody))]
internal sealed partial class SessionFileJson : JsonSerializerContext
{
    public static SessionFileJson Strict { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        Converters = { new JsonStringEnumConverter<TurnFinish>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    });
}
