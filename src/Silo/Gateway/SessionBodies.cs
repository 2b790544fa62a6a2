using KVCluster.Grains;

namespace KVCluster.Silo.Gateway;

/// <summary>A session as the sessions API shows it.</summary>
internal sealed record SessionBody(
    string Id,
    string Phase,
    string Node,
    string Device,
    long Epoch,
    int Tokens,
    long Turns,
    string Model,
    string? Parent,
    DateTimeOffset Created,
    DateTimeOffset LastUsed,
    int Priority,
    int? TokenBudget,
    DateTimeOffset? PinnedUntil,
    CacheBody Cache,
    IReadOnlyList<TierBody> Tiers)
{
    public static SessionBody Of(SessionInfo info) => new(
        info.Id.Session,
        info.Phase.ToString().ToLowerInvariant(),
        info.Node,
        info.Device,
        info.Epoch,
        info.Tokens,
        info.Turns,
        info.Model,
        info.Parent,
        info.Created,
        info.LastUsed,
        info.Options.Priority,
        info.Options.TokenBudget,
        info.PinnedUntil,
        CacheBody.Of(info.Cache),
        TierBody.Of(info));
}

/// <summary>Where a part of a session's bytes is.</summary>
/// <param name="Tier">"device" or "cold".</param>
/// <param name="Node">The node; absent for the cold store, which all nodes share.</param>
/// <param name="Device">The device; absent for the cold store.</param>
/// <param name="Bytes">Bytes held there.</param>
internal sealed record TierBody(string Tier, string? Node, string? Device, long Bytes)
{
    public static IReadOnlyList<TierBody> Of(SessionInfo info) =>
    [
        .. info.Cache.Bytes > 0 ? [new TierBody("device", info.Node, info.Device, info.Cache.Bytes)] : (TierBody[])[],
        .. info.Cache.ColdBytes > 0 ? [new TierBody("cold", null, null, info.Cache.ColdBytes)] : (TierBody[])[],
    ];
}

/// <summary>A session's cache: bytes on the device and in the cold store, tokens kept, compressions.</summary>
/// <param name="Tokens">Tokens it stands for; 0: on no device.</param>
/// <param name="KeptTokens">Tokens kept, averaged over all layers and heads.</param>
/// <param name="Exact">Whether every token is there as computed.</param>
/// <param name="DeviceBytes">Bytes on the device, shared pages in full.</param>
/// <param name="ColdBytes">Bytes of the cold copy.</param>
/// <param name="Kept">Tokens kept, one row a layer, one number a KV head; absent where it is on no device.</param>
/// <param name="Compressions">Since it was exact, oldest first.</param>
internal sealed record CacheBody(
    int Tokens,
    double KeptTokens,
    bool Exact,
    long DeviceBytes,
    long ColdBytes,
    IReadOnlyList<int[]>? Kept,
    IReadOnlyList<CompressionBody> Compressions)
{
    public static CacheBody Of(CacheInfo cache) => new(
        cache.Tokens,
        cache.KeptTokens,
        cache.IsExact,
        cache.Bytes,
        cache.ColdBytes,
        cache.Lengths.Length > 0 ? [.. cache.Lengths.Chunk(cache.KvHeads)] : null,
        [.. cache.Compressions.Select(c => new CompressionBody(c.Policy, c.Tokens, c.DroppedMass, c.BytesBefore, c.BytesAfter, c.At, c.Cause))]);
}

/// <summary>One compression.</summary>
/// <param name="Policy">The policy's name; "pressure" for cuts the device made when memory got short.</param>
/// <param name="Tokens">Tokens the cache stood for.</param>
/// <param name="DroppedMass">Share of the scored attention that was dropped; absent where nothing was scored.</param>
/// <param name="BytesBefore">Bytes of its pages before.</param>
/// <param name="BytesAfter">Bytes of its pages after.</param>
/// <param name="At">When it was done; absent where that is not known.</param>
/// <param name="Cause">"asked", or what made memory short; absent where that is not known.</param>
internal sealed record CompressionBody(
    string Policy, int Tokens, double? DroppedMass, long BytesBefore, long BytesAfter, DateTimeOffset? At, string? Cause);

/// <summary>A line of the list of sessions.</summary>
internal sealed record SessionLine(string Id, DateTimeOffset Created, DateTimeOffset LastUsed, int Tokens, string Node, string? Parent);

/// <summary>A page of the list.</summary>
internal sealed record SessionList(IReadOnlyList<SessionLine> Data, string? Next);

/// <summary>A part of a session's history.</summary>
internal sealed record HistoryBody(int Start, int Total, IReadOnlyList<int> Tokens, string Text);

/// <summary>What a turn came to.</summary>
internal sealed record TurnBody(
    string Finish,
    string Text,
    int HistoryTokens,
    int PromptTokens,
    int AnswerTokens,
    int CachedTokens,
    string? StopString,
    ulong? Seed,
    bool Repeated,
    double FirstTokenSeconds,
    double Seconds)
{
    public static TurnBody Of(TurnResult result) => new(
        FinishName(result.Finish),
        result.Text,
        result.HistoryTokens,
        result.PromptTokens,
        result.AnswerTokens,
        result.CachedTokens,
        result.StopString,
        result.Seed,
        result.IsRepeated,
        result.FirstTokenSeconds,
        result.Seconds);

    private static string FinishName(TurnFinish finish) => finish switch
    {
        TurnFinish.Appended => "appended",
        TurnFinish.EndToken => "end",
        TurnFinish.StopString => "stop_string",
        TurnFinish.MaxTokens => "max_tokens",
        TurnFinish.ContextFull => "context_full",
        TurnFinish.ArenaFull => "arena_full",
        _ => "cancelled",
    };
}

/// <summary>A piece of a streamed answer.</summary>
internal sealed record PieceBody(string Text, IReadOnlyList<int> Tokens);

/// <summary>A node and its devices.</summary>
internal sealed record NodeBody(string Name, IReadOnlyList<DeviceBody> Devices);

/// <summary>A device: bytes free, evictable and pinned make up the total.</summary>
internal sealed record DeviceBody(
    string Name,
    long TotalBytes,
    long FreeBytes,
    long EvictableBytes,
    long PinnedBytes,
    int Resident,
    int Running,
    int Waiting,
    double PrefillTokensPerSecond,
    double DecodeTokensPerSecond,
    bool Draining,
    string? Failure)
{
    public static DeviceBody Of(DeviceReport d) => new(
        d.Device,
        d.TotalBytes,
        d.FreeBytes,
        d.EvictableBytes,
        d.PinnedBytes,
        d.Resident,
        d.Running,
        d.Waiting,
        d.PrefillTokensPerSecond,
        d.DecodeTokensPerSecond,
        d.IsDraining,
        d.Failure);
}
