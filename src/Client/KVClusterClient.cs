using System.Runtime.CompilerServices;

namespace KVCluster.Client;

/// <summary>
/// One tenant's sessions in a cluster, over the engine's own client: Orleans', or the embedded engine's in the cluster's process. Safe to use
/// from many threads.
/// </summary>
public sealed class KVClusterClient
{
    private const int PageSize = 500;
    private readonly IGrainFactory _grains;
    private readonly Retrier _retrier;

    /// <summary>A client over a connection that is there already.</summary>
    /// <param name="grains">The engine's client.</param>
    /// <param name="options">Settings; null: the defaults.</param>
    /// <exception cref="InvalidRequestException">The tenant's id is not valid.</exception>
    public KVClusterClient(IGrainFactory grains, KVClusterClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(grains);
        options ??= new KVClusterClientOptions();
        _grains = grains;
        _retrier = new Retrier(options.Retry, options.Time);
        Tenant = SessionId.Of(options.Tenant, "any").Tenant;
    }

    /// <summary>Whose sessions these are.</summary>
    public string Tenant { get; }

    /// <summary>Creates a session. Asked for again with the same id and equal options it is the same one.</summary>
    /// <param name="options">How it is set up; null: the defaults.</param>
    /// <param name="id">Its id; null: one is made.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="SessionException">As <see cref="ISessionGrain.Create"/> has them.</exception>
    public async Task<SessionClient> CreateSessionAsync(
        SessionOptions? options = null, string? id = null, CancellationToken cancellationToken = default)
    {
        SessionId name = SessionId.Of(Tenant, id ?? NewId());
        SessionOptions set = options ?? new SessionOptions();
        SessionInfo info = await _retrier.RunAsync(
            () => _grains.GetGrain<ISessionGrain>(name.Key).Create(set, cancellationToken), cancellationToken).ConfigureAwait(false);
        return new SessionClient(name, _grains, _retrier, info);
    }

    /// <summary>Begins a session with the history and the turns of an exported one.</summary>
    /// <param name="export">What <see cref="SessionClient.ExportAsync"/> gave.</param>
    /// <param name="id">Its id; null: one is made.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="SessionException">As <see cref="ISessionGrain.Import"/> has them.</exception>
    public async Task<SessionClient> ImportSessionAsync(SessionExport export, string? id = null, CancellationToken cancellationToken = default)
    {
        SessionId name = SessionId.Of(Tenant, id ?? NewId());
        SessionInfo info = await _retrier.RunAsync(
            () => _grains.GetGrain<ISessionGrain>(name.Key).Import(export, cancellationToken), cancellationToken).ConfigureAwait(false);
        return new SessionClient(name, _grains, _retrier, info);
    }

    /// <summary>A session that was created before. Nothing is asked: whether it exists, its first call says.</summary>
    /// <exception cref="InvalidRequestException">The id is not valid.</exception>
    public SessionClient GetSession(string id) => new(SessionId.Of(Tenant, id), _grains, _retrier, null);

    /// <summary>The tenant's sessions that are not closed, by id in ordinal order; fetched in pages while it is read.</summary>
    /// <param name="after">Begins behind this id; null: from the start.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<SessionSummary> ListSessionsAsync(
        string? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ITenantIndexGrain index = _grains.GetGrain<ITenantIndexGrain>(Tenant);
        do
        {
            string? start = after;
            SessionPage page = await _retrier.RunAsync(
                () => index.List(start, PageSize, cancellationToken), cancellationToken).ConfigureAwait(false);
            foreach (SessionSummary session in page.Sessions)
            {
                yield return session;
            }

            after = page.Next;
        }
        while (after is not null);
    }

    /// <summary>How many sessions of the tenant are not closed.</summary>
    public Task<int> CountSessionsAsync(CancellationToken cancellationToken = default) =>
        _retrier.RunAsync(() => _grains.GetGrain<ITenantIndexGrain>(Tenant).Count(cancellationToken), cancellationToken);

    /// <summary>The last report of every live node: its devices, their bytes and turns.</summary>
    public async Task<IReadOnlyList<NodeReport>> ListNodesAsync(CancellationToken cancellationToken = default) =>
        await _retrier.RunAsync(() => _grains.GetGrain<IDeviceDirectoryGrain>(0).List(cancellationToken), cancellationToken).ConfigureAwait(false);

    internal static string NewId() => Guid.CreateVersion7().ToString("N");
}
