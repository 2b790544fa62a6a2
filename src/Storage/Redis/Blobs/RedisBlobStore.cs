using System.Runtime.CompilerServices;
using System.Text;
using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Redis.Blobs;

/// <summary>
/// Cold copies in Redis: a string a frame, a hash an owner's manifest, all with a time to live; compare-and-set and accounting in scripts
/// (see docs/redis.md for keys and faults). The client is the caller's to close.
/// </summary>
public sealed class RedisBlobStore : IBlobStore
{
    private readonly RedisClient _client;
    private readonly BlobKeys _keys;
    private readonly BlobLedger _ledger;
    private readonly TimeSpan _life;
    private readonly TimeSpan _unpublishedLife;
    private readonly long _liveMilliseconds;

    /// <summary>A store on a client's server; nothing is asked of it yet.</summary>
    public RedisBlobStore(RedisClient client, RedisBlobStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TimeToLive, TimeSpan.FromMilliseconds(1), nameof(options));
        _client = client;
        _keys = new BlobKeys(options.Prefix);
        _ledger = new BlobLedger(client, _keys, options.Budget, options.TimeToLive);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.UnpublishedTimeToLive, TimeSpan.FromMilliseconds(1), nameof(options));
        _life = options.TimeToLive;
        _unpublishedLife = options.UnpublishedTimeToLive < _life ? options.UnpublishedTimeToLive : _life;
        _liveMilliseconds = (long)options.TimeToLive.TotalMilliseconds;
    }

    /// <inheritdoc/>
    public string Name => "redis";

    /// <inheritdoc/>
    public int Parallelism => 4 * _client.Options.Connections;

    /// <inheritdoc/>
    public ValueTask<StoredManifest?> ReadManifestAsync(SnapshotOwner owner, CancellationToken cancellationToken) => Guarded(async () =>
    {
        var command = new RedisCommand(["HMGET", _keys.Manifest(owner), .. ManifestRecord.Fields]);
        RespValue fields = await _client.ExecuteAsync(command, cancellationToken).ConfigureAwait(false);
        return ManifestRecord.Read(fields.Items);
    });

    /// <inheritdoc/>
    public ValueTask<FrameRead> ReadFrameAsync(
        SnapshotOwner owner, FrameId frame, IReadOnlyList<Memory<byte>> destination, CancellationToken cancellationToken) =>
        Guarded(async () =>
    {
        var command = new RedisCommand("GET", _keys.Frame(owner, frame)) { Destination = destination };
        RespValue reply = await _client.ExecuteAsync(command, cancellationToken).ConfigureAwait(false);
        return reply.IsNull ? FrameRead.Missing : reply.Integer == command.DestinationBytes ? FrameRead.Read : FrameRead.WrongLength;
    });

    /// <inheritdoc/>
    public ValueTask<FrameWrite> WriteFrameAsync(
        SnapshotOwner owner, FrameId frame, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken) =>
        Guarded(async () =>
    {
        var value = new RedisArgument(content);
        string entry = BlobKeys.FrameEntry(owner, frame);
        try
        {
            if (!await _ledger.TryAddAsync(entry, owner.Tenant, value.Length, _unpublishedLife, cancellationToken).ConfigureAwait(false))
            {
                return FrameWrite.OverBudget;
            }

            var command = new RedisCommand("SET", _keys.Frame(owner, frame), value, "PX", (long)_unpublishedLife.TotalMilliseconds);
            await _client.ExecuteAsync(command, cancellationToken).ConfigureAwait(false);
            return FrameWrite.Written;
        }
        catch (RedisServerException error) when (error.IsOutOfMemory)
        {
            await _ledger.RemoveAsync([entry], cancellationToken).ConfigureAwait(false);
            return FrameWrite.OverBudget;
        }
    });

    /// <inheritdoc/>
    public ValueTask<PublishResult> PublishAsync(
        SnapshotOwner owner, ManifestPublication publication, CancellationToken cancellationToken) => Guarded(async () =>
    {
        ArgumentNullException.ThrowIfNull(publication);
        string entry = BlobKeys.ManifestEntry(owner, BlobKeys.Stamp(publication.Stamp));
        try
        {
            if (!await _ledger.TryAddAsync(entry, owner.Tenant, publication.Body.Length, _life, cancellationToken).ConfigureAwait(false))
            {
                return PublishResult.OverBudget;
            }

            // Before the manifest: what it names must outlive it.
            await KeepAsync(owner, publication.Frames, [], cancellationToken).ConfigureAwait(false);

            // From here on no wait is given up: a cancelled publication is one that never happened.
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<RespValue> answer = await SetManifestAsync(owner, publication, CancellationToken.None).ConfigureAwait(false);
            string outcome = answer[0].Text;
            if (outcome == ManifestScripts.Published)
            {
                string replaced = $"{answer[1].Text}-{answer[2].Text}";
                string[] gone = [BlobKeys.ManifestEntry(owner, replaced)];
                await _ledger.RemoveAsync(gone[0] == entry ? [] : gone, CancellationToken.None).ConfigureAwait(false);
                return PublishResult.Published;
            }

            await ForgetAsync(owner, entry, CancellationToken.None).ConfigureAwait(false);
            return outcome == ManifestScripts.Fenced ? PublishResult.Fenced : PublishResult.Conflict;
        }
        catch (RedisServerException error) when (error.IsOutOfMemory)
        {
            await ForgetAsync(owner, entry, CancellationToken.None).ConfigureAwait(false);
            return PublishResult.OverBudget;
        }
    });

    /// <inheritdoc/>
    public ValueTask DeleteFramesAsync(
        SnapshotOwner owner, IReadOnlyList<FrameId> frames, CancellationToken cancellationToken) => Guarded(async () =>
    {
        await UnlinkAsync(owner, frames, cancellationToken).ConfigureAwait(false);
        await _ledger.RemoveAsync([.. frames.Select(f => BlobKeys.FrameEntry(owner, f))], cancellationToken).ConfigureAwait(false);
    });

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(SnapshotOwner owner, long epoch, CancellationToken cancellationToken) => Guarded(async () =>
    {
        RespValue removed = await ManifestScripts.Delete
            .RunAsync(_client, [_keys.Manifest(owner)], [BlobKeys.Sortable(epoch)], cancellationToken).ConfigureAwait(false);
        if (removed.IsNull)
        {
            return false;
        }

        // A damaged list of frames is left to expire: its words may name anything.
        List<FrameId> frames = ManifestRecord.Split(removed.Items[2].Text) ?? [];
        await UnlinkAsync(owner, frames, cancellationToken).ConfigureAwait(false);
        string manifest = BlobKeys.ManifestEntry(owner, $"{removed.Items[0].Text}-{removed.Items[1].Text}");
        string[] gone = [manifest, .. frames.Select(f => BlobKeys.FrameEntry(owner, f))];
        await _ledger.RemoveAsync(gone, cancellationToken).ConfigureAwait(false);
        return true;
    });

    /// <inheritdoc/>
    public ValueTask RenewAsync(
        SnapshotOwner owner, IReadOnlyList<FrameId> frames, CancellationToken cancellationToken) => Guarded(async () =>
    {
        RespValue stamp = await ManifestScripts.Renew
            .RunAsync(_client, [_keys.Manifest(owner)], [_liveMilliseconds], cancellationToken).ConfigureAwait(false);
        string manifest = BlobKeys.ManifestEntry(owner, $"{stamp.Items[0].Text}-{stamp.Items[1].Text}");
        await KeepAsync(owner, frames, [manifest], cancellationToken).ConfigureAwait(false);
    });

    /// <inheritdoc/>
    public ValueTask<BlobStatistics> StatisticsAsync(CancellationToken cancellationToken) =>
        Guarded(() => _ledger.StatisticsAsync(cancellationToken));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SnapshotOwner>> LeastRecentlyUsedAsync(string? tenant, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Guarded(() => _ledger.SoonestDueAsync(tenant, count, cancellationToken));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SnapshotOwner> OwnersAsync(string? tenant, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        string before = "";
        for (bool last = false; !last;)
        {
            (IReadOnlyList<string> names, last) =
                await Guarded(() => _ledger.IndexAsync(tenant, after, cancellationToken)).ConfigureAwait(false);
            after = names.Count > 0 ? names[^1] : after;

            // An owner may be there twice for the moment of a publication: the names differ in their stamps only.
            string[] paths = [.. names.Select(n => n[..n.LastIndexOf('/')]).Distinct().Where(p => p != before)];
            before = paths.Length > 0 ? paths[^1] : before;
            SnapshotOwner[] owners = [.. paths.Select(BlobKeys.Owner)];
            RespValue[] present = await Guarded(() => Task.WhenAll(owners.Select(o =>
                _client.ExecuteAsync(new RedisCommand("EXISTS", _keys.Manifest(o)), cancellationToken)))).ConfigureAwait(false);
            for (int i = 0; i < owners.Length; i++)
            {
                if (present[i].Integer == 1)
                {
                    yield return owners[i];
                }
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;

    private async Task<IReadOnlyList<RespValue>> SetManifestAsync(
        SnapshotOwner owner, ManifestPublication publication, CancellationToken cancellationToken)
    {
        string epoch = BlobKeys.Sortable(publication.Stamp.Epoch);
        string generation = BlobKeys.Sortable(publication.Stamp.Generation);
        byte[] frames = Encoding.ASCII.GetBytes(ManifestRecord.Join(publication.Frames));
        RedisArgument[] arguments =
        [
            epoch, generation, frames, publication.Body,
            ManifestRecord.Checksum(epoch, generation, frames, publication.Body.Span), _liveMilliseconds,
            publication.Expected is { } e ? BlobKeys.Sortable(e.Epoch) : "",
            publication.Expected is { } g ? BlobKeys.Sortable(g.Generation) : "",
        ];
        RespValue answer = await ManifestScripts.Publish
            .RunAsync(_client, [_keys.Manifest(owner)], arguments, cancellationToken).ConfigureAwait(false);
        return answer.Items;
    }

    /// <summary>Takes the entry of a manifest off that was not published, unless the very same stamp is the published one.</summary>
    private async Task ForgetAsync(SnapshotOwner owner, string entry, CancellationToken cancellationToken)
    {
        RespValue stamp = await _client
            .ExecuteAsync(new RedisCommand("HMGET", _keys.Manifest(owner), "e", "g"), cancellationToken).ConfigureAwait(false);
        if (BlobKeys.ManifestEntry(owner, $"{stamp.Items[0].Text}-{stamp.Items[1].Text}") != entry)
        {
            await _ledger.RemoveAsync([entry], cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Starts the time to live of frames, and of these entries besides, again.</summary>
    private async Task KeepAsync(
        SnapshotOwner owner, IReadOnlyList<FrameId> frames, IReadOnlyList<string> entries, CancellationToken cancellationToken)
    {
        await Task.WhenAll(Batches(owner, frames).Select(batch =>
            ManifestScripts.Keep.RunAsync(_client, batch, [_liveMilliseconds], cancellationToken))).ConfigureAwait(false);
        string[] kept = [.. entries, .. frames.Select(f => BlobKeys.FrameEntry(owner, f))];
        await _ledger.RenewAsync(kept, cancellationToken).ConfigureAwait(false);
    }

    private Task UnlinkAsync(SnapshotOwner owner, IReadOnlyList<FrameId> frames, CancellationToken cancellationToken) =>
        Task.WhenAll(Batches(owner, frames).Select(batch =>
            _client.ExecuteAsync(new RedisCommand(["UNLINK", .. batch]), cancellationToken)));

    /// <summary>Frames' keys as commands take them: many at once on a single server, one by one in a cluster, where a slot on the move
    /// refuses commands of several keys.</summary>
    private IEnumerable<RedisArgument[]> Batches(SnapshotOwner owner, IReadOnlyList<FrameId> frames) =>
        frames.Select(f => (RedisArgument)_keys.Frame(owner, f)).Chunk(_client.IsCluster ? 1 : 1000);

    private static async ValueTask Guarded(Func<Task> call) => await Guarded(async () =>
    {
        await call().ConfigureAwait(false);
        return true;
    }).ConfigureAwait(false);

    private static async ValueTask<T> Guarded<T>(Func<Task<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (Exception error) when (error is RedisException or ObjectDisposedException)
        {
            throw new StoreUnavailableException(error.Message, error);
        }
    }
}
