using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <content>Turns that go on elsewhere, or make way for the same request sent again.</content>
internal sealed partial class SessionGrain
{
    /// <summary>
    /// The node must leave in the middle of a turn: what was made of it is made durable, its cache goes where the session goes, and the same
    /// request goes on behind it.
    /// </summary>
    /// <exception cref="SessionUnavailableException">Always: here the turn does not end.</exception>
    private async Task HandOver(TurnTicket ticket, TurnPlan plan, TurnEnd end)
    {
        RequireRunning(ticket);
        TurnOutcome outcome = TurnResults.Outcome(plan, end, services.Node, Now);
        await WriteAsync(() => _turns.Handing(ticket, outcome));
        _device.Touched();
        services.Sessions.TurnHandedOver();
        throw new SessionUnavailableException(
            $"session {_id} is leaving node {services.Node}; the same request goes on elsewhere behind {outcome.Answer.Length} tokens");
    }

    /// <summary>
    /// A request that comes again while its turn runs has lost its connection, if nobody has read the answer for a while: engines notice such a
    /// reader late. The turn ends, so that it can begin again.
    /// </summary>
    private async Task MakeWay(GenerateRequest request)
    {
        if (_turns.Running is { } ticket && ticket.Key == request.IdempotencyKey && ticket.Hash is not null && ticket.Hash == RequestHash.Of(request)
            && _pump?.UnreadSince is { } since && services.Time.GetElapsedTime(since) >= services.Options.AbsentReader)
        {
            await OnDevice(() => _device.StopAsync(State.Epoch, CancellationToken.None));
            EndTurn(ticket);
        }
    }

    /// <exception cref="SessionUnavailableException">The turn made way for the same request sent again.</exception>
    private void RequireRunning(TurnTicket ticket)
    {
        if (!ReferenceEquals(_turns.Running, ticket))
        {
            throw new SessionUnavailableException($"session {_id}: the same request was sent again while nobody read the answer");
        }
    }
}
