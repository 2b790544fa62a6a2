using System.Text.Json;
using System.Text.Json.Serialization;

namespace KVCluster.Silo.Monitoring;

[JsonSerializable(typeof(JsonElement))]
internal sealed partial class TopJson : JsonSerializerContext;
