namespace KVCluster.Storage.Redis.Blobs;

/// <summary>
/// The manifest's compare-and-set, in the server. KEYS[1] is a hash: e (epoch), g (generation), f (frames), b (body), c (SHA-1 of the
/// four).
/// Epochs and generations are hexadecimal numbers of equal length, compared as text.
/// </summary>
internal static class ManifestScripts
{
    /// <summary>What <see cref="Publish"/> answers first.</summary>
    public const string Published = "published", Fenced = "fenced", Conflict = "conflict";

    private const string Common = """
        local function read()
            local m = redis.call('HMGET', KEYS[1], 'e', 'g', 'f', 'b', 'c')
            local whole = m[1] and m[2] and m[3] and m[4] and m[5]
                and redis.sha1hex(m[1] .. ' ' .. m[2] .. ' ' .. m[3] .. ' ' .. m[4]) == m[5]
            return m, whole
        end

        """;

    /// <summary>ARGV: epoch, generation, frames, body, checksum, milliseconds to live, expected epoch and generation or two empty words.
    /// Answers with what came of it, and the epoch and generation replaced, if any.</summary>
    public static RedisScript Publish { get; } = new(Common + $$"""
        local m, whole = read()
        if whole then
            if m[1] > ARGV[1] then
                return {'{{Fenced}}'}
            end
            if m[1] ~= ARGV[7] or m[2] ~= ARGV[8] then
                return {'{{Conflict}}'}
            end
        elseif ARGV[7] ~= '' then
            return {'{{Conflict}}'}
        end
        redis.call('HSET', KEYS[1], 'e', ARGV[1], 'g', ARGV[2], 'f', ARGV[3], 'b', ARGV[4], 'c', ARGV[5])
        redis.call('PEXPIRE', KEYS[1], ARGV[6])
        return {'{{Published}}', m[1] or '', m[2] or ''}
        """);

    /// <summary>
    /// ARGV: epoch. Answers null where a later epoch published, else epoch, generation and frames of what it removed, empty where nothing
    /// was.
    /// </summary>
    public static RedisScript Delete { get; } = new(Common + """
        local m, whole = read()
        if whole and m[1] > ARGV[1] then
            return false
        end
        redis.call('UNLINK', KEYS[1])
        return {m[1] or '', m[2] or '', m[3] or ''}
        """);

    /// <summary>ARGV: milliseconds to live. Answers with epoch and generation, or nulls.</summary>
    public static RedisScript Renew { get; } = new("""
        redis.call('PEXPIRE', KEYS[1], ARGV[1])
        return redis.call('HMGET', KEYS[1], 'e', 'g')
        """);

    /// <summary>KEYS: frames of one owner. ARGV: milliseconds to live.</summary>
    public static RedisScript Keep { get; } = new("""
        for i = 1, #KEYS do
            redis.call('PEXPIRE', KEYS[i], ARGV[1])
        end
        return #KEYS
        """);
}
