namespace KVCluster.Inference.Kv;

/// <summary>How many tokens fit how many pages and bytes, for structured caches (all heads of equal length).</summary>
public static class KvCapacity
{
    /// <summary>Pages a cache of this many tokens takes.</summary>
    public static long PagesFor(KvGeometry geometry, int tokens)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        return PagesPerStep(geometry) * geometry.PagesForRows(tokens);
    }

    /// <summary>Bytes a cache of this many tokens takes, in whole pages.</summary>
    public static long BytesFor(KvGeometry geometry, int tokens) => PagesFor(geometry, tokens) * geometry.PageBytes;

    /// <summary>Pages an arena of at most this many bytes has. Throws where that is none or more than an index can count.</summary>
    public static int PagesIn(KvGeometry geometry, long bytes)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        long pages = bytes / geometry.PageBytes;
        return pages is > 0 and <= int.MaxValue
            ? (int)pages
            : throw new InputException($"a KV arena of {bytes} bytes would have {pages} pages of {geometry.PageBytes} bytes; it needs 1 to {int.MaxValue}");
    }

    /// <summary>The longest structured cache that fits this many bytes, in tokens: 0 where not even one page a head fits.</summary>
    public static int MaxTokens(KvGeometry geometry, long bytes)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        long steps = bytes / geometry.PageBytes / PagesPerStep(geometry);
        return (int)Math.Min(int.MaxValue, steps * geometry.PageTokens);
    }

    /// <summary>Pages by which a structured cache grows at a time: one of keys and one of values for each head.</summary>
    private static long PagesPerStep(KvGeometry geometry) => (long)geometry.Heads * 2;
}
