using KVCluster.Grains;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace KVCluster.Silo.Gateway;

/// <summary>
/// Closes sessions that the gateway made for clients without one (<see cref="AutoSessions"/>) when nobody has used them for long: such a
/// client cannot know of them, and nobody else would ever close them.
/// </summary>
/// <param name="grains">The cluster's client.</param>
/// <param name="tenants">Whose sessions are looked through.</param>
/// <param name="unused">How long nobody has used them.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it says what it closed.</param>
internal sealed partial class UnusedSessions(
    IGrainFactory grains, Func<IReadOnlyList<string>> tenants, TimeSpan unused, TimeProvider time, ILogger<UnusedSessions> logger) : IAsyncDisposable
{
    private const int PageSize = 500;
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromHours(1);
    private readonly CancellationTokenSource _ended = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Looks every hour, or four times in the time that sessions are left.</summary>
    public void Start() => _running = RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _running;
        _ended.Dispose();
    }

    /// <summary>Looks once; the number of sessions closed.</summary>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        int closed = 0;
        foreach (string tenant in tenants())
        {
            closed += await SweepAsync(tenant, cancellationToken);
        }

        return closed;
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(unused / 4 < LongestPeriod ? unused / 4 : LongestPeriod, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                await TryAsync(_ended.Token);
            }
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
        }
    }

    private async Task TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await SweepAsync(cancellationToken) is > 0 and var closed)
            {
                LogClosed(closed, unused);
            }
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogFailed(error);
        }
    }

    private async Task<int> SweepAsync(string tenant, CancellationToken cancellationToken)
    {
        ITenantIndexGrain index = grains.GetGrain<ITenantIndexGrain>(tenant);
        DateTimeOffset before = time.GetUtcNow() - unused;
        int closed = 0;
        for (string? after = AutoSessions.Prefix; after is not null;)
        {
            SessionPage page = await index.List(after, PageSize, cancellationToken);
            foreach (SessionSummary session in page.Sessions)
            {
                if (!AutoSessions.IsAuto(session.Session))
                {
                    return closed;
                }

                closed += session.LastUsed < before && await CloseAsync(SessionId.Of(tenant, session.Session), before, cancellationToken) ? 1 : 0;
            }

            after = page.Next;
        }

        return closed;
    }

    /// <summary>The index may lag behind: the session itself says when it was used.</summary>
    private async Task<bool> CloseAsync(SessionId id, DateTimeOffset before, CancellationToken cancellationToken)
    {
        ISessionGrain session = grains.GetGrain<ISessionGrain>(id.Key);
        try
        {
            if (!await IsUnusedAsync(session, before, cancellationToken))
            {
                return false;
            }

            await session.Close(cancellationToken);
            return true;
        }
        catch (Exception error) when (error is SessionException or OrleansException or TimeoutException)
        {
            // Busy, on its way or gone: the next round looks again.
            return false;
        }
    }

    private static async Task<bool> IsUnusedAsync(ISessionGrain session, DateTimeOffset before, CancellationToken cancellationToken)
    {
        try
        {
            SessionInfo info = await session.Describe(cancellationToken);
            return info.LastUsed < before && info.Phase is not (SessionPhase.Attaching or SessionPhase.Generating);
        }
        catch (SessionNotFoundException)
        {
            // Nothing is kept of it, and the index names it: closing it takes it off.
            return true;
        }
    }

    [LoggerMessage(EventId = 4002, Level = LogLevel.Information, Message = "{Count} sessions of clients without one were closed: unused for {Unused}")]
    private partial void LogClosed(int count, TimeSpan unused);

    [LoggerMessage(EventId = 4003, Level = LogLevel.Warning, Message = "unused sessions could not be looked through")]
    private partial void LogFailed(Exception error);
}
