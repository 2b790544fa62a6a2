namespace KVCluster.Silo.Tests.Gateway;

/// <summary>A server with small limits on requests.</summary>
public sealed class BoundedServer : TestServer
{
    public const int MaxBytes = 64 << 10;

    private protected override IEnumerable<KeyValuePair<string, string?>> MoreSettings =>
    [
        new("Listen:MaxRequestBytes", $"{MaxBytes}"), new("Listen:HeadersTimeoutSeconds", "1"), new("Listen:MinBodyBytesPerSecond", "1000"),
    ];
}
