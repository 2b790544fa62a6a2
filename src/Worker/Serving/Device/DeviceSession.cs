using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Device.Pressure;

namespace KVCluster.Worker.Serving.Device;

/// <summary>What the device knows of one session. Touched by the device's thread only.</summary>
internal sealed class DeviceSession(SessionKey key, DeviceCounts counts)
{
    private static readonly TokenBuffer Nothing = new([]);

    public SessionKey Key { get; } = key;

    /// <summary>The key as one text.</summary>
    public string Name { get; } = key.ToString();

    /// <summary>The latest epoch seen.</summary>
    public long Epoch { get; set; } = long.MinValue;

    /// <summary>Its cache in the arena, or null.</summary>
    public KvCache? Cache { get; private set; }

    /// <summary>At least the tokens the cache stands for; a pending one may follow.</summary>
    public TokenBuffer Tokens { get; set; } = Nothing;

    /// <summary>How many tokens the cache stands for.</summary>
    public int Cached
    {
        get;
        private set
        {
            counts.HeldTokens += value - field;
            field = value;
        }
    }

    /// <summary>Tokens there were when a policy last closed positions up; before these, positions do not tell tokens. 0: never.</summary>
    public int ClosedTokens { get; set; }

    /// <summary>Changes with the cache's contents.</summary>
    public int Version { get; private set; }

    /// <summary>As <see cref="Version"/>, but the same while a turn's steps only put tokens behind the others.</summary>
    public int Edits { get; private set; }

    /// <summary>The version a cold copy holds, and its bytes.</summary>
    public int SavedVersion { get; set; } = -1;

    public long ColdBytes { get; set; }

    /// <summary>The turn that waits or runs, or null.</summary>
    public Turn? Turn { get; set; }

    /// <summary>A look into the cold store or a load under way, or null.</summary>
    public CacheFetch? Fetch { get; set; }

    /// <summary>Compressions waiting or under way.</summary>
    public int Compressing { get; set; }

    /// <summary>Its cache goes as soon as the save under way has ended.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>The version that the last save began with whose end it leaves at.</summary>
    public int LeavingVersion { get; set; }

    /// <summary>Its cache is cut as soon as the save under way has ended.</summary>
    public bool IsToBeCut { get; set; }

    /// <summary>Closed while something of it was under way: what comes back is dropped.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Scores of the cache as it is, or null.</summary>
    public SessionScores? Scores { get; set; }

    /// <summary>What slots were worth when they were last scored, as far as they are still the first of their heads; or null.</summary>
    public AttentionScores? Carried { get; set; }

    /// <summary>Its scores by bin, as last made, or null.</summary>
    public RankedCache? Ranked { get; set; }

    /// <summary>What is being ranked on another thread; null where nothing is.</summary>
    public RankedContents? BeingRanked { get; set; }

    /// <summary>When it was used, for the chance that it is used again.</summary>
    public SessionUses Uses { get; } = new();

    /// <summary>Of its last turn.</summary>
    public int Priority { get; set; }

    /// <summary>Until when it is pinned: a timestamp; 0: it is not.</summary>
    public long PinnedUntil { get; set; }

    /// <summary>When its cache left for others, and its bytes: a timestamp; 0: it has not, is back, or was taken off on request.</summary>
    public (long At, long Bytes) GaveWay { get; set; }

    /// <summary>When it was cut last for want of memory: a timestamp; 0: never.</summary>
    public long CutAt { get; set; }

    /// <summary>When making it whole by itself did not succeed: a timestamp; 0: it did, or was not tried.</summary>
    public long RestoreFailedAt { get; set; }

    /// <summary>Compressions since the cache was exact, oldest first.</summary>
    public IReadOnlyList<CompressionReport> Compressions { get; set; } = [];

    /// <summary>Counts uses of the device, for the order of eviction.</summary>
    public long LastUse { get; set; }

    /// <summary>For display only.</summary>
    public DateTimeOffset LastUsed { get; set; }

    /// <summary>The span of its last turn, or of whoever took its cache off the device: a save is put below it.</summary>
    public ActivityContext LastTrace { get; set; }

    /// <summary>Ended when no save is under way.</summary>
    public Task Saving { get; set; } = Task.CompletedTask;

    /// <summary>Saves that read the cache's pages and are waited for.</summary>
    public int Readers { get; set; }

    public bool IsIdle => Cache is not null && Turn is null && Fetch is null && Compressing == 0 && !IsLeaving && !IsToBeCut;

    public bool IsSaved => SavedVersion == Version;

    /// <summary>How many of these tokens the cache stands for, from the first on.</summary>
    public int CommonPrefix(ReadOnlySpan<int> ids) => ids.CommonPrefixLength(Tokens.Span[..Cached]);

    /// <summary>The most tokens, at most <paramref name="tokens"/>, to which the cache can be cut.</summary>
    public int Cuttable(int tokens)
    {
        // One step back is always possible: the last token then runs again at its own position.
        bool closed = tokens < ClosedTokens && tokens < Cached - 1;
        return Math.Min(closed ? 0 : tokens, Cached);
    }

    /// <summary>Goes back to a number of tokens that <see cref="Cuttable"/> gave.</summary>
    public void Cut(int tokens)
    {
        if (Cache is null || tokens >= Cached)
        {
            return;
        }

        int closedUp = Cached - Cache.LogicalLength;
        Cache.Truncate(tokens == 0 ? 0 : Math.Max(0, tokens - closedUp));
        Cached = tokens;
        if (tokens == 0)
        {
            ClosedTokens = 0;
            Compressions = [];
        }

        ClosedTokens = Math.Min(ClosedTokens, Cached);
        Changed();
    }

    /// <summary>Takes a cache that stands for these tokens; it has none.</summary>
    public void Adopt(KvCache cache, TokenBuffer tokens, int cached)
    {
        Cache = cache;
        Tokens = tokens;
        Cached = cached;
        ClosedTokens = cache.LogicalLength < cached ? cached : 0;
        GaveWay = default;
        counts.Resident++;
        Changed();
    }

    /// <summary>Gives its pages back; returns the bytes that came free.</summary>
    public long Drop()
    {
        if (Cache is null)
        {
            return 0;
        }

        long freed = Cache.ExclusiveBytes;
        Cache.Dispose();
        Cache = null;
        Tokens = Nothing;
        Cached = 0;
        ClosedTokens = 0;
        Compressions = [];
        IsLeaving = false;
        IsToBeCut = false;
        counts.Resident--;
        Changed();
        return freed;
    }

    /// <summary>The cache holds something else than before.</summary>
    public void Changed()
    {
        Version++;
        Edits++;
        Scores = null;
        Carried = null;
        Ranked = null;
        counts.Changes++;
    }

    /// <summary>A step of its turn has put so many more tokens in.</summary>
    public void Grow(int tokens)
    {
        Cached += tokens;
        Version++;
        Scores = null;
    }
}
