namespace KVCluster.Storage.Redis.Blobs;

/// <summary>
/// The ledger's arithmetic, in the server, so that an entry and its sums change in one step. An entry is "f/tenant/session/frame" or
/// "m/tenant/session/stamp". Due entries leave by the server's clock before anything is counted: what expires is taken off without
/// anybody having to notice. KEYS: due (sorted set, entry by time), bytes (hash, entry to bytes), usage (hash of sums: b, f and m for
/// bytes,
/// frames and manifests, of each tenant and of "*"), manifests (sorted set in the order of names: the index of owners).
/// </summary>
internal static class LedgerScripts
{
    /// <summary>Entries that one call of a writer removes at most, so that no call is long; readers remove all.</summary>
    private const string PruneLimit = "1000";

    // 'touch' writes something first: a server without memory refuses growth, but not to a script that has begun to write. Entries must
    // come off, and stay, just then.
    private const string Common = """
        local due, bytes, usage, manifests = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

        local function clock()
            local t = redis.call('TIME')
            return t[1] * 1000 + math.floor(t[2] / 1000)
        end

        local function touch()
            redis.call('ZREM', due, '')
        end

        local function count(scope, kind, size, entries)
            redis.call('HINCRBY', usage, 'b/' .. scope, size)
            if redis.call('HINCRBY', usage, kind .. '/' .. scope, entries) == 0 then
                redis.call('HDEL', usage, kind .. '/' .. scope)
                if redis.call('HGET', usage, 'b/' .. scope) == '0' then
                    redis.call('HDEL', usage, 'b/' .. scope)
                end
            end
        end

        local function drop(id)
            redis.call('ZREM', due, id)
            local size = redis.call('HGET', bytes, id)
            if size then
                local kind, tenant = string.match(id, '^(%a)/([^/]*)/')
                redis.call('HDEL', bytes, id)
                if kind == 'm' then
                    redis.call('ZREM', manifests, string.sub(id, 3))
                end
                count('*', kind, -size, -1)
                count(tenant, kind, -size, -1)
            end
        end

        local function prune(now, limit)
            for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, limit)) do
                drop(id)
            end
        end

        -- A server that evicts may have taken one of the four: then the count begins anew rather than going wrong.
        local function verify()
            local n = redis.call('ZCARD', due)
            local m = redis.call('ZCARD', manifests)
            local f = tonumber(redis.call('HGET', usage, 'f/*') or 0)
            if n ~= redis.call('HLEN', bytes) or n ~= f + m or m ~= tonumber(redis.call('HGET', usage, 'm/*') or 0) then
                redis.call('UNLINK', due, bytes, usage, manifests)
            end
        end

        local function live(ttl)
            for i = 1, 4 do
                redis.call('PEXPIRE', KEYS[i], ttl)
            end
        end

        """;

    /// <summary>
    /// ARGV: entry, bytes, milliseconds to its end, the keys' own, bytes allowed in all, bytes allowed the tenant. 1, or 0 beyond a budget.
    /// </summary>
    public static RedisScript Add { get; } = new(Common + $$"""
        verify()
        local id, size = ARGV[1], tonumber(ARGV[2])
        local now = clock()
        prune(now, {{PruneLimit}})
        local kind, tenant = string.match(id, '^(%a)/([^/]*)/')
        local held = tonumber(redis.call('HGET', bytes, id) or 0)
        local total = tonumber(redis.call('HGET', usage, 'b/*') or 0) - held
        local own = tonumber(redis.call('HGET', usage, 'b/' .. tenant) or 0) - held
        if total + size > tonumber(ARGV[5]) or own + size > tonumber(ARGV[6]) then
            return 0
        end
        drop(id)
        redis.call('ZADD', due, now + ARGV[3], id)
        redis.call('HSET', bytes, id, ARGV[2])
        if kind == 'm' then
            redis.call('ZADD', manifests, 0, string.sub(id, 3))
        end
        count('*', kind, size, 1)
        count(tenant, kind, size, 1)
        live(ARGV[4])
        return 1
        """);

    /// <summary>ARGV: entries to take off.</summary>
    public static RedisScript Remove { get; } = new(Common + """
        touch()
        verify()
        for _, id in ipairs(ARGV) do
            drop(id)
        end
        return 1
        """);

    /// <summary>ARGV: milliseconds to the entries' end, the keys' own, then entries that are to stay so long.</summary>
    public static RedisScript Renew { get; } = new(Common + """
        touch()
        verify()
        local now = clock()
        for i = 3, #ARGV do
            redis.call('ZADD', due, 'XX', 'GT', now + ARGV[1], ARGV[i])
        end
        live(ARGV[2])
        return 1
        """);

    /// <summary>The sums, field and value in turn, when everything due has left.</summary>
    public static RedisScript Usage { get; } = new(Common + """
        touch()
        verify()
        local now = clock()
        repeat
            prune(now, 1000)
        until redis.call('ZCOUNT', due, '-inf', now) == 0
        return redis.call('HGETALL', usage)
        """);
}
