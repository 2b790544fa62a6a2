using System.Text.Json;
using KVCluster.Inference.Sampling.Constraints;
using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Http;
using Orleans;

namespace KVCluster.Silo.Gateway;

/// <summary>The way of every completion request: read, find the session, run the turn, write.</summary>
internal sealed class CompletionEndpoint(IGrainFactory grains, ServedModel model, TimeProvider time)
{
    public Task ChatAsync(HttpContext context) => RunAsync(context, ChatRequest.Read, job => new ChatWriter(model, job, time));

    public Task TextAsync(HttpContext context) => RunAsync(context, TextRequest.Read, job => new CompletionWriter(model, job, time));

    public async Task ResponseAsync(HttpContext context)
    {
        SessionEndpoints.Require(context, CallerRole.User);
        CompletionJob job = await ReadAsync(context.Request, ResponsesRequest.Read, context.RequestAborted);
        RequireModel(job);
        var turns = new SessionTurns(grains, RequestTenant.Caller(context));
        TurnStart start = job.PreviousResponse is { } previous
            ? await new ResponseTurns(grains, model).ContinueAsync(RequestTenant.Of(context), previous, job, context.RequestAborted)
            : await turns.BeginAsync(RequestTenant.Session(context), WholeConversation.Of(model, job), context.RequestAborted);
        var choices = new Choices(turns, job, start, RequestTenant.IdempotencyKey(context), numbered: true);
        await WriteAsync(context, job, choices, new ResponseWriter(model, job, choices, time), context.RequestAborted);
    }

    private async Task RunAsync(HttpContext context, Func<JsonElement, CompletionJob> read, Func<CompletionJob, IAnswerWriter> writerOf)
    {
        CancellationToken gone = context.RequestAborted;
        SessionEndpoints.Require(context, CallerRole.User);
        CompletionJob job = await ReadAsync(context.Request, read, gone);
        RequireModel(job);
        var turns = new SessionTurns(grains, RequestTenant.Caller(context));
        TurnStart start = await turns.BeginAsync(RequestTenant.Session(context), WholeConversation.Of(model, job), gone);
        var choices = new Choices(turns, job, start, RequestTenant.IdempotencyKey(context), numbered: false);
        await WriteAsync(context, job, choices, writerOf(job), gone);
    }

    private async Task WriteAsync(HttpContext context, CompletionJob job, Choices choices, IAnswerWriter writer, CancellationToken gone)
    {
        AnswerCollector[] answers = [.. Enumerable.Range(0, job.Choices).Select(_ => new AnswerCollector(model, job))];
        ServerSentEvents? events = null;
        bool[] begun = new bool[answers.Length];
        await foreach ((int choice, Grains.TokenChunk chunk) in choices.RunAsync(gone))
        {
            if (!context.Response.HasStarted)
            {
                context.Response.Headers["X-Session-Id"] = choices.Start.Session.Session;
                RequestTrace.Session(context, choices.Start.Session);
            }

            AnswerCollector answer = answers[choice];
            int logprobs = answer.Logprobs.Count;
            answer.Add(chunk);
            if (!job.Stream)
            {
                continue;
            }

            // Headers go out with the first token: until then an error still has its own status.
            if (events is null)
            {
                events = new ServerSentEvents(context.Response);
                await events.StartAsync(gone);
                await writer.BeginAsync(events, gone);
            }

            await writer.SendAsync(events, choice, answer, logprobs, !begun[choice], gone);
            begun[choice] = true;
        }

        await (events is null ? writer.WholeAsync(context.Response, answers, gone) : writer.EndAsync(events, answers, gone));
    }

    private void RequireModel(CompletionJob job)
    {
        if (job.Model != model.Name)
        {
            throw OpenAiException.NotFound($"the model '{job.Model}' does not exist; this server serves '{model.Name}'", "model", "model_not_found");
        }

        // So that a bad schema is refused before anything is looked up.
        if (job.Format == AnswerFormat.JsonSchema)
        {
            TokenGrammars.CheckSchema(job.Schema!.Value);
        }
    }

    private static async Task<CompletionJob> ReadAsync(HttpRequest request, Func<JsonElement, CompletionJob> read, CancellationToken gone) =>
        read(await JsonBody.ReadAsync(request, gone));
}
