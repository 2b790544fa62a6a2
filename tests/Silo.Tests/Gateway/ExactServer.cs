namespace KVCluster.Silo.Tests.Gateway;

/// <summary>A server that keeps its cache as float32, as the recorded conversations were made with.</summary>
public sealed class ExactServer : TestServer
{
    private protected override IEnumerable<KeyValuePair<string, string?>> MoreSettings => [new("Model:KvType", "F32"), new("Model:ArenaBytes", $"{64 << 20}")];
}
