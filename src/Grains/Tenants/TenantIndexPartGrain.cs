using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <inheritdoc cref="ITenantIndexPartGrain"/>
/// <remarks>Calls interleave, and writes are shared: all that came while one write was under way is in the next one.</remarks>
[Reentrant]
internal sealed partial class TenantIndexPartGrain(
    [PersistentState("sessions", GrainStorageNames.Sessions)] IPersistentState<TenantPartState> store,
    IOptions<GrainOptions> options,
    ILogger<TenantIndexPartGrain> log) : Grain, ITenantIndexPartGrain
{
    private SessionRegister _sessions = null!;
    private Task? _writing;
    private long _changes;
    private long _written;
    private IGrainTimer? _timer;
    private bool _isTimerSet;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _sessions = new SessionRegister(store.State);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_written < _changes)
        {
            await WriteLater();
        }
    }

    /// <inheritdoc/>
    public Task Add(SessionSummary session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (_sessions.Find(session.Session) is { } known && known.Created == session.Created && _written == _changes)
        {
            return Task.CompletedTask;
        }

        _sessions.Set(session);
        return Written(++_changes);
    }

    /// <inheritdoc/>
    public Task Touch(SessionSummary session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        _sessions.Set(session);
        _changes++;
        if (!_isTimerSet)
        {
            _isTimerSet = true;
            SetTimer(options.Value.IndexWriteDelay);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Remove(string session, CancellationToken cancellationToken) =>
        _sessions.Remove(session) || _written < _changes ? Written(++_changes) : Task.CompletedTask;

    /// <inheritdoc/>
    public Task<string?> Locate(string session, CancellationToken cancellationToken) => Task.FromResult(_sessions.Find(session)?.Node);

    /// <inheritdoc/>
    public Task<SessionSummary[]> List(string? after, int count, CancellationToken cancellationToken) =>
        Task.FromResult(_sessions.Page(after, count));

    /// <inheritdoc/>
    public Task<int> Count(CancellationToken cancellationToken) => Task.FromResult(_sessions.Count);

    /// <summary>Returns when a change is durable.</summary>
    private async Task Written(long change)
    {
        while (_written < change)
        {
            await (_writing ??= Write());
        }
    }

    private async Task Write()
    {
        // Not in the caller's step: whoever comes in the same moment is in this write too.
        await Task.Yield();
        long changes = _changes;
        try
        {
            store.State = _sessions.State();
            await store.WriteStateAsync();
            _written = Math.Max(_written, changes);
        }
        catch
        {
            // What the store holds is not known; the next activation reads it, and sessions tell again what they are.
            DeactivateOnIdle();
            throw;
        }
        finally
        {
            _writing = null;
        }
    }

    /// <summary>One timer for the whole life: the engine keeps each that was made, also once it has ticked, until the activation ends.</summary>
    private void SetTimer(TimeSpan delay)
    {
        if (_timer is null)
        {
            _timer = this.RegisterGrainTimer(
                _ => WriteLater(), new GrainTimerCreationOptions(delay, Timeout.InfiniteTimeSpan) { Interleave = true });
        }
        else
        {
            _timer.Change(delay, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task WriteLater()
    {
        _isTimerSet = false;
        try
        {
            await Written(_changes);
        }
        catch (Exception error)
        {
            WriteFailed(log, this.GetPrimaryKeyString(), error);
        }
    }

    [LoggerMessage(EventId = 2031, Level = LogLevel.Warning, Message = "The tenant's index {Part} could not be written")]
    private static partial void WriteFailed(ILogger log, string part, Exception error);
}
