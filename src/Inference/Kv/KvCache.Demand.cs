namespace KVCluster.Inference.Kv;

/// <content>What growing would take, asked before it is reserved.</content>
public sealed partial class KvCache
{
    /// <summary>
    /// Pages that appending <paramref name="tokens"/> tokens would take beyond those held: new ones, and private copies of pages a fork
    /// shares. Reserved pages are not counted off.
    /// </summary>
    public int PagesToAppend(int tokens)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        DraftAppend(tokens);
        return _draft.Pages;
    }

    /// <summary>Pages held once <paramref name="tokens"/> more tokens are in, those shared with forks counted in full.</summary>
    public long PagesAfter(int tokens)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        long pages = 0;
        foreach (CachedHead head in _heads)
        {
            int rows = checked(head.Length + tokens);
            pages += (2L * Geometry.PagesForRows(rows)) + (head.Biases is null ? 0 : Geometry.PagesForBiases(rows));
        }

        return pages;
    }
}
