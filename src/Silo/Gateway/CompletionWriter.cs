using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.Gateway;

/// <summary>Answers a text completion, whole or as a stream.</summary>
internal sealed class CompletionWriter(ServedModel model, CompletionJob job, TimeProvider time) : IAnswerWriter
{
    private readonly string _id = "cmpl-" + Guid.CreateVersion7().ToString("N");
    private readonly long _created = time.GetUtcNow().ToUnixTimeSeconds();

    private string Echoed => job.Echo ? job.Prompt ?? model.Tokenizer.Decode([.. job.PromptTokens!]) : "";

    public Task BeginAsync(ServerSentEvents events, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SendAsync(ServerSentEvents events, int choice, AnswerCollector answer, int firstLogprob, bool first, CancellationToken cancellationToken)
    {
        string text = (first ? Echoed : "") + answer.TakeText();
        bool any = text.Length > 0 || answer.Logprobs.Count > firstLogprob || answer.Result is not null;
        return any
            ? events.SendAsync(
                Body([new TextChoice(choice, text, Logprobs(answer, firstLogprob), answer.Result is null ? null : answer.FinishReason)]),
                OpenAiJson.Web.TextCompletion,
                cancellationToken)
            : Task.CompletedTask;
    }

    public async Task EndAsync(ServerSentEvents events, IReadOnlyList<AnswerCollector> answers, CancellationToken cancellationToken)
    {
        if (job.IncludeUsage)
        {
            await events.SendAsync(Body([]) with { Usage = AnswerUsage.Of(answers) }, OpenAiJson.Web.TextCompletion, cancellationToken);
        }

        await events.DoneAsync(cancellationToken);
    }

    public Task WholeAsync(HttpResponse response, IReadOnlyList<AnswerCollector> answers, CancellationToken cancellationToken)
    {
        TextChoice[] choices = [.. answers.Select((a, i) => new TextChoice(i, Echoed + a.Text, Logprobs(a, 0), a.FinishReason))];
        TextCompletion body = Body(choices) with { Usage = AnswerUsage.Of(answers) };
        return response.WriteAsJsonAsync(body, OpenAiJson.Web.TextCompletion, cancellationToken: cancellationToken);
    }

    private TextCompletion Body(IReadOnlyList<TextChoice> choices) => new(_id, "text_completion", _created, model.Name, choices);

    private TextLogprobs? Logprobs(AnswerCollector answer, int first)
    {
        if (job.Sampling.LogProbabilities is null)
        {
            return null;
        }

        List<int> offsets = [];
        int at = Echoed.Length;
        foreach (TokenLogprob token in answer.Logprobs)
        {
            offsets.Add(at);
            at += token.Token.Length;
        }

        TokenLogprob[] tokens = [.. answer.Logprobs.Skip(first)];
        return new TextLogprobs(
            [.. tokens.Select(t => t.Token)],
            [.. tokens.Select(t => t.Logprob)],
            [.. tokens.Select(t => (IReadOnlyDictionary<string, float>)t.TopLogprobs
                .DistinctBy(a => a.Token)
                .ToDictionary(a => a.Token, a => a.Logprob))],
            [.. offsets.Skip(first)]);
    }
}
