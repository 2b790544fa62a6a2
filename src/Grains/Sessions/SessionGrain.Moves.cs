using KVCluster.Worker.Serving;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Grains;

/// <content>How a session begins, forks, moves and ends.</content>
internal sealed partial class SessionGrain
{
    private bool _isForgotten;

    private bool IsSingleUse =>
        services.Options.SingleUsePrefix is { } prefix && _id.Tenant.Length > 0 && _id.Session.StartsWith(prefix, StringComparison.Ordinal);

    /// <inheritdoc/>
    public Task<SessionInfo> Create(SessionOptions options, CancellationToken cancellationToken)
    {
        RequestCheck.Options(options);
        SessionOptions set = options with { Sampling = options.Sampling with { StopStrings = options.Sampling.StopStrings?.ToArray() } };
        _ = SamplingMerge.Checked(null, set.Sampling);
        return BeginAsync(
            state => state.Parent is null && RequestHash.Of(state.Options) == RequestHash.Of(set),
            device => new SessionState { Model = device.Worker.Model.Fingerprint, Options = set },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<SessionInfo> Adopt(SessionSeed seed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(seed);
        return BeginAsync(
            state => state.Parent == seed.Parent && state.Turns == 0 && state.Tokens.AsSpan().SequenceEqual(seed.Tokens),
            _ => new SessionState
            {
                Model = seed.Model,
                Options = seed.Options,
                Parent = seed.Parent,
                Tokens = seed.Tokens,
                Count = seed.Count,
                IsMessageOpen = seed.IsMessageOpen,
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<SessionInfo> Fork(ForkRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return WhileIdle(async () =>
        {
            SessionId target = SessionId.Of(_id.Tenant, request.Session);
            int tokens = request.Tokens ?? State.Count;
            if (target == _id || tokens < 0 || tokens > State.Count)
            {
                throw new InvalidRequestException(target == _id
                    ? $"session {_id} cannot be forked into itself"
                    : $"session {_id} has {State.Count} tokens, a fork cannot begin with {tokens}");
            }

            await AttachIfPossible(cancellationToken);
            SessionInfo fork = await PlacedOn(services.Address, () =>
                GrainFactory.GetGrain<ISessionGrain>(target.Key).Adopt(Seed(tokens), cancellationToken));
            if (fork.Node == services.Node && fork.Turns == 0)
            {
                var key = new SessionKey(target.Tenant, target.Session);
                await OnDevice(() => _device.ForkAsync(State.Epoch, key, fork.Epoch, tokens, cancellationToken));
            }

            return fork;
        });
    }

    /// <inheritdoc/>
    public Task Move(string node, CancellationToken cancellationToken) => WhileIdle(async () =>
    {
        SiloAddress target = await services.Cluster.FindAsync(node, GrainFactory, cancellationToken)
            ?? throw new NodeNotFoundException($"no live node is named '{node}'");
        if (!target.Equals(services.Address))
        {
            await LeaveAsync(target, cancellationToken);
        }

        return true;
    });

    private async Task LeaveAsync(SiloAddress target, CancellationToken cancellationToken)
    {
        _isLeaving = true;
        try
        {
            await AttachIfPossible(cancellationToken);
            await EvictAsync(toNode: true, cancellationToken);
            await PlacedOn(target, () =>
            {
                MigrateOnIdle();
                GrainMetrics.Moved();
                return Task.FromResult(true);
            });
        }
        catch
        {
            _isLeaving = false;
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task Close(CancellationToken cancellationToken)
    {
        RequireSound();
        if (!State.Exists && IsSingleUse)
        {
            // It may have been closed, and nothing of it kept: an index that was told late must not name it for ever.
            await _directories.RemoveAsync();
        }

        _turns.RequireExists();
        if (!State.IsClosed)
        {
            await WhileIdle(async () =>
            {
                await AttachIfPossible(cancellationToken);
                await WriteAsync(() => Tombstone(State));
                return true;
            });
        }

        // Also where it is closed already: what failed then is made good. It is closed, whether or not its caller is still there.
        await OnDevice(() => _device.CloseAsync(State.Epoch, CancellationToken.None));
        await _directories.RemoveAsync();
        await ForgetAsync();
    }

    /// <summary>
    /// Takes the tombstone of an id that is never used again away. The last step of all: what fails before it is made good by closing again, for
    /// which the state must be there. A stale activation is fenced as well as by a tombstone: the ETag that it knows is not in the store any more.
    /// </summary>
    private async Task ForgetAsync()
    {
        if (!IsSingleUse || _isForgotten)
        {
            return;
        }

        try
        {
            await _durable.ClearAsync();
            _isForgotten = true;
        }
        catch (SessionUnavailableException error)
        {
            NotForgotten(log, _id.Key, error);
        }
    }

    private static SessionState Tombstone(SessionState state) => new()
    {
        Epoch = state.Epoch,
        Model = state.Model,
        Parent = state.Parent,
        Turns = state.Turns,
        Created = state.Created,
        LastUsed = state.LastUsed,
        IsClosed = true,
    };

    private SessionSeed Seed(int tokens) => new()
    {
        Parent = _id.Session,
        Options = State.Options,
        Model = State.Model,
        Tokens = State.Tokens.AsSpan(0, TokenBytes.Measure(State.Tokens, tokens)).ToArray(),
        Count = tokens,
        IsMessageOpen = State.IsMessageOpen && tokens == State.Count,
    };

    /// <summary>Creates the session, once: where it is there already, and the same, nothing is done.</summary>
    private async Task<SessionInfo> BeginAsync(
        Func<SessionState, bool> isSame, Func<NodeDevice, SessionState> born, CancellationToken cancellationToken)
    {
        RequireSound();
        _ = SessionId.Parse(this.GetPrimaryKeyString());
        if (!State.Exists)
        {
            NodeDevice device = await services.Devices.ForAsync(_device.Session, cancellationToken);
            SessionState first = born(device) with { Epoch = 1, Node = services.Node, Created = Now, LastUsed = Now };
            await WriteAsync(() => State.Exists ? State : first);
        }

        _turns.RequireOpen();
        if (!isSame(State))
        {
            throw new SessionExistsException($"session {_id} exists already, and not as it was asked for");
        }

        await _directories.AddAsync(State);
        return await Describe(cancellationToken);
    }

    /// <summary>Does something that no turn may run beside.</summary>
    private async Task<T> WhileIdle<T>(Func<Task<T>> act)
    {
        RequireSound();
        _turns.RequireIdle();
        TurnTicket ticket = _turns.Admit(null, null).Ticket!;
        try
        {
            return await act();
        }
        finally
        {
            _turns.End(ticket);
        }
    }

    private Task EvictAsync(bool toNode, CancellationToken cancellationToken) => OnDevice(async () =>
        services.Sessions.HandedOver(await _device.EvictAsync(State.Epoch, cancellationToken), toNode));

    private async Task OnDevice(Func<ValueTask> act)
    {
        try
        {
            await act();
        }
        catch (Exception error)
        {
            (Exception translated, bool isFatal) = WorkerErrors.Translate(error, _id);
            if (isFatal)
            {
                GiveUp();
            }

            if (ReferenceEquals(translated, error))
            {
                throw;
            }

            throw translated;
        }
    }

    /// <summary>
    /// A session that had no turn since it was forked or activated may have a cache that it must look for first. Where no device serves,
    /// there is none to look for, and cold copies end with their time to live.
    /// </summary>
    private async Task AttachIfPossible(CancellationToken cancellationToken)
    {
        try
        {
            await DeviceAsync(cancellationToken);
        }
        catch (SessionException error)
        {
            NotAttached(log, _id.Key, error);
        }
    }

    private static async Task<T> PlacedOn<T>(SiloAddress silo, Func<Task<T>> call)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
        try
        {
            return await call();
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }

    [LoggerMessage(EventId = 2004, Level = LogLevel.Warning, Message = "The state of the closed session {Session} could not be removed; a tombstone stays")]
    private static partial void NotForgotten(ILogger log, string session, Exception error);
}
