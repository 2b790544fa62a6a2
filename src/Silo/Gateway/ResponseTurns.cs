using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Silo.OpenAi;
using Orleans;

namespace KVCluster.Silo.Gateway;

/// <summary>Goes on in the session that made a previous response.</summary>
internal sealed class ResponseTurns(IGrainFactory grains, ServedModel model)
{
    /// <exception cref="OpenAiException">There is no such response, it is not its conversation's last, or the template refuses the messages.</exception>
    public async Task<TurnStart> ContinueAsync(string tenant, string previous, CompletionJob job, CancellationToken cancellationToken)
    {
        var id = ResponseId.Parse(previous);
        var session = SessionId.Of(tenant, id.Session);
        SessionInfo info;
        HistorySlice history;
        try
        {
            info = await Grain(session).Describe(cancellationToken);
            history = await Grain(session).ReadHistory(Math.Max(0, info.Tokens - 1), 1, cancellationToken);
        }
        catch (Exception error) when (error is SessionNotFoundException or SessionClosedException)
        {
            throw ResponseId.NotFound(previous);
        }

        if (info.Turns != id.Turn + 1)
        {
            throw OpenAiException.Invalid(
                "previous_response_id", $"'{previous}' is not the last response of its conversation; send the messages themselves to branch");
        }

        try
        {
            bool ended = history.Tokens is [int last] && model.EndTokens.Contains(last);
            return new TurnStart(session, new Prompt { Tokens = model.Framing.NextTurn(job.Messages, ended), After = history.Total });
        }
        catch (InputException e)
        {
            throw OpenAiException.Invalid("input", e.Message);
        }
    }

    private ISessionGrain Grain(SessionId id) => grains.GetGrain<ISessionGrain>(id.Key);
}
