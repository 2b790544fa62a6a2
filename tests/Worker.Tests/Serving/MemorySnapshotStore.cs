using System.Collections.Concurrent;
using KVCluster.Inference.Kv;
using KVCluster.Storage;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>A store of exact copies in memory. Every call passes a gate that a test may close, and may be made to fail.</summary>
internal sealed class MemorySnapshotStore : ISnapshotStore
{
    private readonly ConcurrentDictionary<SnapshotOwner, Copy> _copies = new();

    public Func<string, CancellationToken, Task> Gate { get; set; } = (_, _) => Task.CompletedTask;

    public int Finds { get; private set; }

    public int Loads { get; private set; }

    public int Saves { get; private set; }

    public ICollection<SnapshotOwner> Owners => _copies.Keys;

    public async ValueTask<SnapshotLookup> FindAsync(SnapshotQuery query, CancellationToken cancellationToken)
    {
        Finds++;
        await Gate("find", cancellationToken);
        if (!_copies.TryGetValue(query.Owner, out Copy? copy))
        {
            return new SnapshotLookup { Miss = MissCause.Absent };
        }

        int tokens = query.Tokens.Span.CommonPrefixLength(copy.Tokens);
        bool terms = copy.Terms == query.Terms;
        MissCause? miss = !terms ? MissCause.ForeignTerms
            : copy.Epoch > query.Epoch ? MissCause.LaterEpoch
            : tokens == 0 ? MissCause.OtherTokens
            : null;
        return new SnapshotLookup
        {
            Miss = miss,
            Tokens = tokens,
            StoredBytes = copy.Pages.Sum(p => (long)p.Length),
            Pages = copy.Pages.Length,
            IsExact = true,
        };
    }

    public async ValueTask<SnapshotLoad> LoadAsync(SnapshotQuery query, KvCache destination, CancellationToken cancellationToken)
    {
        Loads++;
        await Gate("load", cancellationToken);
        if (!_copies.TryGetValue(query.Owner, out Copy? copy))
        {
            return new SnapshotLoad { Miss = MissCause.Absent };
        }

        int tokens = query.Tokens.Span.CommonPrefixLength(copy.Tokens);
        destination.PrepareAppend(copy.Tokens.Length);
        int at = 0;
        foreach (int page in PagesOf(destination))
        {
            destination.Pool.Store.ImportPages([page], copy.Pages[at++]);
        }

        destination.CommitAppend(copy.Tokens.Length);
        destination.Truncate(tokens);
        return new SnapshotLoad { Tokens = tokens, Bytes = copy.Pages.Sum(p => (long)p.Length), Seconds = 1e-3 };
    }

    public async ValueTask<SnapshotSave> SaveAsync(SnapshotSource source, CancellationToken cancellationToken)
    {
        Saves++;
        await Gate("save", cancellationToken);
        Assert.True(source.Cache.IsExact);
        Assert.Equal(source.Tokens.Length, source.Cache.LogicalLength);
        byte[][] pages = [.. PagesOf(source.Cache).Select(page =>
        {
            var bytes = new byte[source.Cache.Geometry.PageBytes];
            source.Cache.Pool.Store.ExportPages([page], bytes);
            return bytes;
        })];
        var copy = new Copy(source.Terms, source.Epoch, source.Tokens.ToArray(), pages);
        _copies.AddOrUpdate(source.Owner, copy, (_, older) => older.Epoch > copy.Epoch ? older : copy);
        bool published = ReferenceEquals(_copies[source.Owner], copy);
        return new SnapshotSave
        {
            Outcome = published ? SaveOutcome.Published : SaveOutcome.Fenced,
            StoredBytes = pages.Sum(p => (long)p.Length),
        };
    }

    public async ValueTask DeleteAsync(SnapshotOwner owner, long epoch, CancellationToken cancellationToken)
    {
        await Gate("delete", cancellationToken);
        _copies.TryRemove(owner, out _);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static IEnumerable<int> PagesOf(KvCache cache)
    {
        for (int i = 0; i < cache.Geometry.Heads; i++)
        {
            int layer = i / cache.Geometry.KvHeads;
            int head = i % cache.Geometry.KvHeads;
            foreach (int page in cache.KeyPages(layer, head).ToArray().Concat(cache.ValuePages(layer, head).ToArray()))
            {
                yield return page;
            }
        }
    }

    private sealed record Copy(SnapshotTerms Terms, long Epoch, int[] Tokens, byte[][] Pages);
}
