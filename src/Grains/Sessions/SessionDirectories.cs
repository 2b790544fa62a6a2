using Microsoft.Extensions.Logging;

namespace KVCluster.Grains;

/// <summary>
/// Tells the tenant's index and prefix directory of one session. Both are hints: a failure is logged and made good by the next turn.
/// </summary>
internal sealed partial class SessionDirectories(SessionId id, IGrainFactory grains, ILogger log)
{
    private BlockHash? _last;
    private int _blocks;

    private ITenantIndexPartGrain Index => grains.GetGrain<ITenantIndexPartGrain>(TenantParts.KeyOf(id));

    private IPrefixDirectoryGrain Prefixes => grains.GetGrain<IPrefixDirectoryGrain>(id.Tenant);

    /// <summary>The session is there. A caller that leaves does not change that: one that is not in the index nobody would ever close.</summary>
    public Task AddAsync(SessionState state) => Try(() => Index.Add(Summary(state)));

    /// <summary>A turn is durable. Nothing is waited for.</summary>
    public void TurnEnded(SessionState state)
    {
        _ = Try(() => Index.Touch(Summary(state)));
        int whole = state.Count / BlockHashes.BlockTokens;
        if (whole > _blocks)
        {
            int[] tokens = TokenBytes.Decode(state.Tokens, whole * BlockHashes.BlockTokens);
            BlockHash[] added = BlockHashes.Extend(_last, tokens.AsSpan(_blocks * BlockHashes.BlockTokens));
            int first = _blocks;
            (_blocks, _last) = (whole, added[^1]);
            _ = Try(() => Prefixes.Publish(id.Session, first, added));
        }
    }

    /// <summary>The session is closed.</summary>
    public async Task RemoveAsync()
    {
        _ = Try(() => Prefixes.Withdraw(id.Session));
        await Index.Remove(id.Session);
    }

    private SessionSummary Summary(SessionState state) => new()
    {
        Session = id.Session,
        Created = state.Created,
        LastUsed = state.LastUsed,
        Tokens = state.Count,
        Node = state.Node,
        Parent = state.Parent,
    };

    private async Task Try(Func<Task> tell)
    {
        try
        {
            await tell();
        }
        catch (Exception error)
        {
            DirectoryFailed(log, id.Key, error);
        }
    }

    [LoggerMessage(EventId = 2011, Level = LogLevel.Warning, Message = "A directory could not be told of session {Session}")]
    private static partial void DirectoryFailed(ILogger log, string session, Exception error);
}
