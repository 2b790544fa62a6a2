namespace KVCluster.Storage.Redis.Protocol;

/// <summary>
/// What a server may send before it is taken for broken or hostile: memory is bounded by these, not by lengths it claims.
/// </summary>
internal static class RespLimits
{
    /// <summary>Bytes of one line: a header, a status, an error.</summary>
    public const int LineBytes = 32 * 1024;

    /// <summary>Levels of nested aggregates.</summary>
    public const int Depth = 16;

    /// <summary>Values in one reply, all levels together.</summary>
    public const int Values = 1 << 20;

    /// <summary>Bytes of all strings in one reply that is not read into memory of the caller's.</summary>
    public const int ReplyBytes = 64 << 20;

    /// <summary>Bytes of one bulk string: the server's own default (proto-max-bulk-len).</summary>
    public const long BulkBytes = 512L << 20;
}
