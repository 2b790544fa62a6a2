using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Silo.OpenAi;
using Orleans;

namespace KVCluster.Silo.Gateway;

/// <summary>Goes on from a previous response: in its session where it is the last one there, else in a fork of it at that place.</summary>
internal sealed class ResponseTurns(IGrainFactory grains, ServedModel model)
{
    /// <exception cref="OpenAiException">There is no such response, it is no longer kept, or the template refuses the messages.</exception>
    public async Task<TurnStart> ContinueAsync(string tenant, string previous, CompletionJob job, CancellationToken cancellationToken)
    {
        var id = ResponseId.Parse(previous);
        var session = SessionId.Of(tenant, id.Session);
        RecentTurns recent;
        HistorySlice end;
        TurnRecord turn;
        try
        {
            recent = await Grain(session).ReadTurns(cancellationToken);
            turn = Find(recent, id, previous);
            end = await Grain(session).ReadHistory(turn.End - 1, 1, cancellationToken);
        }
        catch (Exception error) when (error is SessionNotFoundException or SessionClosedException)
        {
            throw ResponseId.NotFound(previous);
        }

        Prompt prompt = PromptOf(job, end.Tokens) with { After = turn.End };
        bool isLast = id.Turn == recent.First + recent.Turns.Length - 1;
        return new TurnStart(isLast ? session : await ForkAsync(session, turn.End, cancellationToken), prompt);
    }

    private static TurnRecord Find(RecentTurns recent, ResponseId id, string previous) => recent.Find(id.Turn) switch
    {
        { Answer: > 0 } turn => turn,
        null when id.Turn < recent.First => throw OpenAiException.Invalid(
            "previous_response_id", $"'{previous}' is no longer kept: its conversation has gone on for {recent.Turns.Length} turns; send the messages themselves"),
        _ => throw ResponseId.NotFound(previous),
    };

    private Prompt PromptOf(CompletionJob job, int[] end)
    {
        try
        {
            bool ended = end is [int last] && model.EndTokens.Contains(last);
            return new Prompt { Tokens = model.Framing.NextTurn(job.Messages, ended) };
        }
        catch (InputException e)
        {
            throw OpenAiException.Invalid("input", e.Message);
        }
    }

    private async Task<SessionId> ForkAsync(SessionId session, int tokens, CancellationToken cancellationToken)
    {
        var branch = SessionId.Of(session.Tenant, AutoSessions.NewId());
        await Grain(session).Fork(new ForkRequest { Session = branch.Session, Tokens = tokens }, cancellationToken);
        return branch;
    }

    private ISessionGrain Grain(SessionId id) => grains.GetGrain<ISessionGrain>(id.Key);
}
