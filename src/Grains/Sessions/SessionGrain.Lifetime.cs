using KVCluster.Storage;
using KVCluster.Worker.Serving;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <content>Activation, deactivation and what happens while the session is idle.</content>
internal sealed partial class SessionGrain
{
    private const string MovedKey = "kvcluster.moved";
    private const string ColdBytesKey = "kvcluster.cold-bytes";

    private bool _hasMoved;
    private long _coldBytes;
    private IGrainTimer? _idleSave;
    private bool _isSaveDue;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        string key = this.GetPrimaryKeyString();
        _id = SessionId.TryParse(key) ?? new SessionId("", key);
        _turns = new TurnLog(_id, store.State);
        _durable = new DurableSession(store, _id, services.Options.StateTimeout, services.Time);
        _device = new SessionDevice(_id, services.Devices) { ColdBytes = Math.Max(_coldBytes, store.State.ColdBytes) };
        _directories = new SessionDirectories(_id, GrainFactory, log);
        if (State.Exists && !State.IsClosed)
        {
            // Before anything else: from here on the activation before this one, if it lives on somewhere, can write nothing.
            await _durable.WriteAsync(() => State with { Epoch = State.Epoch + 1 }, _turns.Adopt);
            await AttachEarly(cancellationToken);
        }

        services.Sessions.Used(_id);
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        services.Sessions.Gone(_id);
        await (_pump?.AbortAsync() ?? Task.CompletedTask);
        if (_turns.IsLost || _turns.Running is not null)
        {
            return;
        }

        try
        {
            await (services.Sessions.IsDraining
                ? EvictAsync(services.IsAnotherNode, cancellationToken)
                : _device.SaveAsync(State.Epoch, cancellationToken).AsTask());
        }
        catch (Exception error)
        {
            // The cold copy is a convenience: the history is durable, and the cache can be computed again.
            SaveFailed(log, _id.Key, error);
        }
    }

    /// <inheritdoc/>
    public void OnDehydrate(IDehydrationContext dehydrationContext)
    {
        dehydrationContext.TryAddValue(MovedKey, true);
        dehydrationContext.TryAddValue(ColdBytesKey, _device.ColdBytes);
    }

    /// <inheritdoc/>
    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        _hasMoved = rehydrationContext.TryGetValue(MovedKey, out bool moved) && moved;
        _coldBytes = rehydrationContext.TryGetValue(ColdBytesKey, out long bytes) ? bytes : 0;
    }

    /// <summary>Chooses the device and fences it at once; where that cannot be done the first turn says why.</summary>
    private async Task AttachEarly(CancellationToken cancellationToken)
    {
        try
        {
            NodeDevice device = await DeviceAsync(cancellationToken);
            if (_hasMoved)
            {
                _ = PrefetchAsync(device);
            }
        }
        catch (SessionException error)
        {
            NotAttached(log, _id.Key, error);
        }
    }

    /// <summary>Fetches the cache behind the caller's back, so that it is there when the first turn comes.</summary>
    private async Task PrefetchAsync(NodeDevice device)
    {
        try
        {
            int[] tokens = TokenBytes.Decode(State.Tokens, State.Count);
            if (State.Begun is { } begun)
            {
                // The turn that was cut goes on from its own tokens.
                tokens = [.. tokens, .. TokenBytes.Decode(begun.Prompt, begun.PromptTokens), .. TokenBytes.Decode(begun.Answer, begun.AnswerTokens)];
            }

            await device.Worker.PrefetchAsync(new AttachRequest(_device.Session, State.Epoch, tokens), CancellationToken.None);
        }
        catch (Exception error)
        {
            PrefetchFailed(log, _id.Key, error);
        }
    }

    private void SaveWhenIdle()
    {
        TimeSpan delay = services.Options.IdleSaveDelay;
        _isSaveDue = true;
        if (_idleSave is null)
        {
            _idleSave = this.RegisterGrainTimer(
                IdleSaveAsync, new GrainTimerCreationOptions { DueTime = delay, Period = Timeout.InfiniteTimeSpan, Interleave = true });
        }
        else
        {
            _idleSave.Change(delay, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task IdleSaveAsync(CancellationToken cancellationToken)
    {
        _isSaveDue = false;
        if (_turns.Running is null)
        {
            await SaveIdleAsync(cancellationToken);
        }

        if (!_isSaveDue)
        {
            // Most sessions are idle for long: a timer that waits for nothing would be a good part of their memory.
            _idleSave?.Dispose();
            _idleSave = null;
        }
    }

    private async Task SaveIdleAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await _device.SaveAsync(State.Epoch, cancellationToken) is { Outcome: SaveOutcome.Fenced })
            {
                GiveUp();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception error)
        {
            SaveFailed(log, _id.Key, error);
            if (WorkerErrors.Translate(error, _id).IsFatal)
            {
                GiveUp();
            }
        }
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Warning, Message = "The cache of session {Session} could not be saved")]
    private static partial void SaveFailed(ILogger log, string session, Exception error);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Warning, Message = "The cache of session {Session} could not be fetched before its turn")]
    private static partial void PrefetchFailed(ILogger log, string session, Exception error);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Warning, Message = "Session {Session} has no device yet")]
    private static partial void NotAttached(ILogger log, string session, Exception error);
}
