using System.Diagnostics;
using System.Runtime.CompilerServices;
using KVCluster.Worker.Serving;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <inheritdoc cref="ISessionGrain"/>
/// <remarks>
/// Decisions are <see cref="TurnLog"/>'s and <see cref="TurnPlan"/>'s; this class brings them together with the state's store
/// (<see cref="DurableSession"/>) and the device (<see cref="SessionDevice"/>).
/// </remarks>
[SessionPlacement]
internal sealed partial class SessionGrain(
    [PersistentState("session", GrainStorageNames.Sessions)] IPersistentState<SessionState> store,
    SessionServices services,
    ILogger<SessionGrain> log) : Grain, ISessionGrain, IGrainMigrationParticipant
{
    private SessionId _id;
    private TurnLog _turns = null!;
    private DurableSession _durable = null!;
    private SessionDevice _device = null!;
    private SessionDirectories _directories = null!;
    private TurnPump? _pump;
    private bool _isLeaving;
    private bool _isUncertain;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private SessionState State => _turns.State;

    private DateTimeOffset Now => services.Time.GetUtcNow();

    /// <inheritdoc/>
    public async Task<TurnResult> Append(AppendRequest request, CancellationToken cancellationToken)
    {
        RequestCheck.Append(request);
        (TurnTicket? ticket, TurnRecord? earlier) = Admit(request.IdempotencyKey, () => RequestHash.Of(request));
        if (earlier is not null)
        {
            return (await Repeat(earlier, cancellationToken)).Result;
        }

        using Activity? span = GrainTrace.Begin("session.append", _id, services.Node);
        try
        {
            NodeDevice device = await DeviceAsync(cancellationToken);
            TurnPlan plan = TurnPlan.Of(request, State, device);
            await using TurnPump pump = Start(plan, device, ticket!, cancellationToken);
            while (await NextAsync(pump, ticket!) is not null)
            {
            }

            return await Commit(ticket!, plan, pump.End!, span);
        }
        finally
        {
            EndTurn(ticket!);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<TokenChunk> Generate(
        GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RequestCheck.Generate(request);
        await MakeWay(request);
        (TurnTicket? ticket, TurnRecord? earlier) = Admit(request.IdempotencyKey, () => RequestHash.Of(request));
        if (earlier is not null)
        {
            (int[] answer, TurnResult repeated) = await Repeat(earlier, cancellationToken);
            yield return new TokenChunk { Tokens = answer, Text = repeated.Text };
            yield return TurnResults.Last(repeated);
            yield break;
        }

        using Activity? span = GrainTrace.Begin("session.generate", _id, services.Node);
        try
        {
            NodeDevice device = await DeviceAsync(cancellationToken);
            TurnPlan plan = TurnPlan.Of(request, State, device);
            plan = ticket!.Begun is { } begun ? plan.GoingOn(begun) : plan;
            await using TurnPump pump = Start(plan, device, ticket, cancellationToken);
            while (await NextAsync(pump, ticket) is { } piece)
            {
                yield return TurnResults.Chunk(piece.Piece);
            }

            if (pump.IsHalted && !ticket.IsCancelled)
            {
                await HandOver(ticket, plan, pump.End!);
            }

            TurnResult result = await Commit(ticket, plan, pump.End!, span);
            EndTurn(ticket);
            yield return TurnResults.Last(result);
        }
        finally
        {
            // Also where the reader left: the pump was disposed of just before, so the device has forgotten the turn.
            EndTurn(ticket!);
        }
    }

    /// <inheritdoc/>
    public async Task<bool> Cancel(CancellationToken cancellationToken)
    {
        RequireSound();
        _turns.RequireOpen();
        if (_turns.Running is not { } ticket)
        {
            return false;
        }

        ticket.IsCancelled = true;
        await _device.StopAsync(State.Epoch, cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    public async Task<SessionInfo> Describe(CancellationToken cancellationToken)
    {
        RequireSound();
        _turns.RequireExists();
        ResidentSession? resident = null;
        await OnDevice(async () => resident = await _device.DescribeAsync(cancellationToken));
        return SessionDescription.Of(_id, _turns, services.Node, _device, resident) with { PinnedUntil = PinnedUntil };
    }

    /// <inheritdoc/>
    public async Task<HistorySlice> ReadHistory(int start, int count, CancellationToken cancellationToken)
    {
        RequireSound();
        _turns.RequireOpen();
        if (start < 0 || count < 0)
        {
            throw new InvalidRequestException($"tokens [{start}, {start} + {count}) are no part of a history");
        }

        SessionState state = State;
        NodeDevice device = await DeviceAsync(cancellationToken);
        int from = Math.Min(start, state.Count);
        int[] tokens = TokenBytes.Decode(state.Tokens, state.Count)[from..(from + Math.Min(count, state.Count - from))];
        int known = device.Worker.Model.Tokenizer.VocabularySize;
        string text = device.Worker.Model.Tokenizer.Decode([.. tokens.Where(token => token < known)]);
        return new HistorySlice { Start = from, Tokens = tokens, Text = text, Total = state.Count };
    }

    private (TurnTicket? Ticket, TurnRecord? Earlier) Admit(string? key, Func<string> hash)
    {
        RequireSound();
        (TurnTicket? Ticket, TurnRecord? Earlier) admitted;
        try
        {
            admitted = _turns.Admit(key, key is null ? null : hash());
        }
        catch (SessionBusyException) when (_isLeaving || services.Sessions.IsDraining)
        {
            // What keeps it busy is its own leaving, or a turn that it leaves after.
            throw new SessionMovingException($"session {_id} is leaving node {services.Node}");
        }

        if (admitted.Ticket is not null)
        {
            RequireStaying(admitted.Ticket);
            services.Sessions.Used(_id);
            DelayDeactivation(services.Options.LongestTurn);
        }

        return admitted;
    }

    /// <summary>Every call begins so: what this activation knows may no longer be so once something failed.</summary>
    /// <exception cref="SessionUnavailableException">This activation has given up; it makes way at once.</exception>
    private void RequireSound()
    {
        if (_turns.IsLost)
        {
            Leave();
            throw new SessionMovingException($"session {_id} is starting over after an error");
        }
    }

    /// <summary>A node that is being drained begins no turn: the session makes way, where there is another node for it.</summary>
    private void RequireStaying(TurnTicket ticket)
    {
        if (!services.Sessions.IsDraining)
        {
            return;
        }

        _turns.End(ticket);
        if (services.IsAnotherNode)
        {
            Leave();
        }

        throw new SessionMovingException($"session {_id}: node {services.Node} is being drained");
    }

    private async Task<(int[] Answer, TurnResult Result)> Repeat(TurnRecord earlier, CancellationToken cancellationToken)
    {
        NodeDevice device = await DeviceAsync(cancellationToken);
        return TurnResults.Repeat(State, earlier, device.Worker.Model.Tokenizer);
    }

    private TurnPump Start(TurnPlan plan, NodeDevice device, TurnTicket ticket, CancellationToken cancellationToken)
    {
        bool handsOver = plan.IsContinuable && ticket.Key is not null;
        TurnRequest turn = plan.For(_device.Session, State.Epoch, State.Options.Priority) with { Trace = Activity.Current?.Context ?? default };
        return _pump = new TurnPump(turn, device.Worker, _id, handsOver, services.Sessions.Leaving, cancellationToken);
    }

    private async ValueTask<TurnPiece?> NextAsync(TurnPump pump, TurnTicket ticket)
    {
        try
        {
            pump.UnreadSince = null;
            TurnPiece? piece = await pump.NextAsync();
            pump.UnreadSince = services.Time.GetTimestamp();
            if (piece is not null && ticket.IsCancelled)
            {
                // Asked for before the device knew of the turn.
                await _device.StopAsync(State.Epoch, CancellationToken.None);
            }

            return piece;
        }
        catch (DeviceOverloadedException) when (services.Sessions.IsDraining)
        {
            throw new SessionMovingException($"session {_id}: node {services.Node} is being drained");
        }
        catch when (pump.IsFatal)
        {
            GiveUp();
            throw;
        }
    }

    /// <summary>Makes the turn durable. Until this has returned nobody may be told of its end.</summary>
    private async Task<TurnResult> Commit(TurnTicket ticket, TurnPlan plan, TurnEnd end, Activity? span)
    {
        RequireRunning(ticket);
        TurnOutcome outcome = TurnResults.Outcome(plan, end, services.Node, Now);
        await WriteAsync(() => _turns.After(ticket, outcome));
        _device.Touched();
        _directories.TurnEnded(State);
        SaveWhenIdle();
        TurnResult result = TurnResults.Result(plan, outcome, end);
        GrainMetrics.Made(end, result.HistoryTokens + result.PromptTokens, result.CachedTokens);
        GrainTrace.Made(span, result);
        return result;
    }

    private async Task WriteAsync(Func<SessionState> next)
    {
        try
        {
            await _durable.WriteAsync(next, _turns.Adopt);
        }
        catch (SessionUnavailableException)
        {
            _isUncertain = true;
            GiveUp();
            throw;
        }
    }

    /// <summary>Done again, or for a turn that made way, it changes nothing.</summary>
    private void EndTurn(TurnTicket ticket)
    {
        if (ReferenceEquals(_turns.Running, ticket))
        {
            _pump = null;
            _turns.End(ticket);
            DelayDeactivation(TimeSpan.Zero);
        }
    }

    /// <summary>
    /// This activation cannot go on; the next one starts from what is durable. It ends a moment later: a stream that is being read must
    /// still bring its reader the error.
    /// </summary>
    private void GiveUp()
    {
        _device.Abandon();
        if (!_turns.IsLost)
        {
            _turns.IsLost = true;
            GrainMetrics.Restarted();
            this.RegisterGrainTimer(
                _ => LeaveAsync(), new GrainTimerCreationOptions { DueTime = LastWords, Period = LastWords, Interleave = true });
        }
    }

    private Task LeaveAsync()
    {
        Leave();
        return Task.CompletedTask;
    }

    /// <summary>
    /// Makes way for the next activation. Orleans sends a call to where it last saw the session, and the session begins there again without a director
    /// being asked: from a node that takes no turns only a migration leads away. A state that may not be the stored one does not travel.
    /// </summary>
    private void Leave()
    {
        if (services.TakesTurns || _isUncertain)
        {
            DeactivateOnIdle();
        }
        else
        {
            MigrateOnIdle();
        }
    }

    private async ValueTask<NodeDevice> DeviceAsync(CancellationToken cancellationToken)
    {
        NodeDevice? device = null;
        await OnDevice(async () => device = await _device.AttachAsync(State.Model, State.Epoch, cancellationToken));
        await PinAgain(cancellationToken);
        return device!;
    }
}
