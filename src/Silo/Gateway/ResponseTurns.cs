using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Inference.Tokenization;
using KVCluster.Silo.OpenAi;
using Orleans;

namespace KVCluster.Silo.Gateway;

/// <summary>Finds the session of a response request: the one that made the previous response, else as any chat's.</summary>
internal sealed class ResponseTurns(IGrainFactory grains, ServedModel model)
{
    public async Task<(TurnStart Start, ResponseId Id)> BeginAsync(
        string tenant, string? session, CompletionJob job, CancellationToken cancellationToken)
    {
        if (job.PreviousResponse is { } previous)
        {
            return await ContinueAsync(tenant, previous, job, cancellationToken);
        }

        TurnStart start = await new SessionTurns(grains).BeginAsync(tenant, session, WholeConversation.Of(model, job), cancellationToken);
        long turn = start.IsNew ? 0 : (await Grain(start.Session).Describe(cancellationToken)).Turns;
        return (start, new ResponseId(start.Session.Session, turn));
    }

    private async Task<(TurnStart Start, ResponseId Id)> ContinueAsync(
        string tenant, string previous, CompletionJob job, CancellationToken cancellationToken)
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

        int[] tokens = NewMessages(job, lastEnded: history.Tokens is [int last] && model.EndTokens.Contains(last));
        return (new TurnStart(session, new Prompt { Tokens = tokens, After = history.Total }, IsNew: false), id with { Turn = info.Turns });
    }

    /// <summary>What the messages add behind an answer that is in the history already.</summary>
    private int[] NewMessages(CompletionJob job, bool lastEnded)
    {
        const string Answer = "kvclusterdummyanswer";
        ChatTemplate template = model.Template
            ?? throw OpenAiException.Invalid("model", $"the model '{model.Name}' has no chat template: use /v1/completions");
        try
        {
            IReadOnlyList<TextSegment> segments = template.Render(
                [new ChatMessage("user", "question"), new ChatMessage("assistant", Answer), .. job.Messages], addGenerationPrompt: true);
            int[] tokens = model.Tokenizer.Encode(After(segments, Answer), plainUserText: true);
            return lastEnded && tokens.Length > 0 && model.EndTokens.Contains(tokens[0]) ? tokens[1..] : tokens;
        }
        catch (InputException e)
        {
            throw OpenAiException.Invalid("input", e.Message);
        }
    }

    private static List<TextSegment> After(IReadOnlyList<TextSegment> segments, string mark)
    {
        for (int i = 0; i < segments.Count; i++)
        {
            int at = segments[i].Text.IndexOf(mark, StringComparison.Ordinal);
            if (at >= 0)
            {
                return [segments[i] with { Text = segments[i].Text[(at + mark.Length)..] }, .. segments.Skip(i + 1)];
            }
        }

        throw new InputException("the model's chat template leaves out what the assistant said");
    }

    private ISessionGrain Grain(SessionId id) => grains.GetGrain<ISessionGrain>(id.Key);
}
