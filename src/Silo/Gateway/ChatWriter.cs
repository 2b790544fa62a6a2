using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.Gateway;

/// <summary>Answers a chat completion, whole or as a stream.</summary>
internal sealed class ChatWriter(ServedModel model, CompletionJob job, TimeProvider time) : IAnswerWriter
{
    private readonly string _id = "chatcmpl-" + Guid.CreateVersion7().ToString("N");
    private readonly long _created = time.GetUtcNow().ToUnixTimeSeconds();

    public Task BeginAsync(ServerSentEvents events, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task SendAsync(ServerSentEvents events, int choice, AnswerCollector answer, int firstLogprob, bool first, CancellationToken cancellationToken)
    {
        string text = answer.TakeText();
        ChatLogprobs? logprobs = LogprobsFrom(answer, firstLogprob);
        if (first || text.Length > 0 || logprobs is not null)
        {
            await ChunkAsync(events, choice, new ChatDelta(first ? "assistant" : null, text), logprobs, null, cancellationToken);
        }

        if (answer.Result is null)
        {
            return;
        }

        if (answer.Calls.Count > 0)
        {
            await ChunkAsync(events, choice, new ChatDelta(ToolCalls: CallsOf(answer, choice, indexed: true)), null, null, cancellationToken);
        }

        await ChunkAsync(events, choice, new ChatDelta(), null, answer.FinishReason, cancellationToken);
    }

    public async Task EndAsync(ServerSentEvents events, IReadOnlyList<AnswerCollector> answers, CancellationToken cancellationToken)
    {
        if (job.IncludeUsage)
        {
            ChatChunk last = Chunk([]) with { Usage = AnswerUsage.Of(answers) };
            await events.SendAsync(last, OpenAiJson.Web.ChatChunk, cancellationToken);
        }

        await events.DoneAsync(cancellationToken);
    }

    public Task WholeAsync(HttpResponse response, IReadOnlyList<AnswerCollector> answers, CancellationToken cancellationToken)
    {
        ChatChoice[] choices = [.. answers.Select((a, i) => new ChatChoice(
            i,
            new ChatAnswer("assistant", a.Calls.Count > 0 && a.Text.Length == 0 ? null : a.Text, CallsOf(a, i, indexed: false)),
            LogprobsFrom(a, 0),
            a.FinishReason))];
        var body = new ChatCompletion(_id, "chat.completion", _created, model.Name, choices, AnswerUsage.Of(answers))
        {
            SystemFingerprint = Fingerprint,
        };
        return response.WriteAsJsonAsync(body, OpenAiJson.Web.ChatCompletion, cancellationToken: cancellationToken);
    }

    private string Fingerprint => "fp_" + model.Fingerprint[..12];

    private ChatLogprobs? LogprobsFrom(AnswerCollector answer, int first) =>
        job.Sampling.LogProbabilities is not null && answer.Logprobs.Count > first ? new ChatLogprobs([.. answer.Logprobs.Skip(first)]) : null;

    private Task ChunkAsync(
        ServerSentEvents events, int choice, ChatDelta delta, ChatLogprobs? logprobs, string? finish, CancellationToken cancellationToken) =>
        events.SendAsync(Chunk([new ChunkChoice(choice, delta, logprobs, finish)]), OpenAiJson.Web.ChatChunk, cancellationToken);

    private ChatChunk Chunk(IReadOnlyList<ChunkChoice> choices) =>
        new(_id, "chat.completion.chunk", _created, model.Name, choices) { SystemFingerprint = Fingerprint };

    private IReadOnlyList<CallBody>? CallsOf(AnswerCollector answer, int choice, bool indexed) => answer.Calls.Count == 0
        ? null
        : [.. answer.Calls.Select((c, i) => new CallBody(
            indexed ? i : null, $"call_{_id[^20..]}{choice}_{i}", "function", new CallFunction(c.Name, c.Arguments)))];
}
