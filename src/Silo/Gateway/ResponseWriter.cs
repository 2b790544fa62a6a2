using KVCluster.Grains;
using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.Gateway;

/// <summary>Answers a response request, whole or as a stream of events.</summary>
internal sealed class ResponseWriter(ServedModel model, CompletionJob job, Choices choices, TimeProvider time) : IAnswerWriter
{
    private readonly long _created = time.GetUtcNow().ToUnixTimeSeconds();
    private readonly string _message = "msg_" + Guid.CreateVersion7().ToString("N");
    private int _sequence;

    private ResponseId Id => new(choices.Start.Session.Session, choices.Start.Turn);

    public async Task BeginAsync(ServerSentEvents events, CancellationToken cancellationToken)
    {
        ResponseBody begun = Body("in_progress", [], null);
        await SendAsync(events, Next("response.created") with { Response = begun }, cancellationToken);
        await SendAsync(events, Next("response.in_progress") with { Response = begun }, cancellationToken);
    }

    public async Task SendAsync(
        ServerSentEvents events, int choice, AnswerCollector answer, int firstLogprob, bool first, CancellationToken cancellationToken)
    {
        string text = answer.TakeText();
        if (first)
        {
            OutputItem item = new("message", _message, "in_progress") { Role = "assistant", Content = [] };
            await SendAsync(events, Next("response.output_item.added") with { OutputIndex = 0, Item = item }, cancellationToken);
            await SendAsync(
                events,
                Next("response.content_part.added") with { OutputIndex = 0, ContentIndex = 0, ItemId = _message, Part = Part("") },
                cancellationToken);
        }

        if (text.Length > 0)
        {
            ResponseEvent delta = Next("response.output_text.delta") with { OutputIndex = 0, ContentIndex = 0, ItemId = _message, Delta = text };
            await SendAsync(events, delta, cancellationToken);
        }
    }

    public async Task EndAsync(ServerSentEvents events, IReadOnlyList<AnswerCollector> answers, CancellationToken cancellationToken)
    {
        AnswerCollector answer = answers[0];
        IReadOnlyList<OutputItem> output = Output(answer, keepMessage: true);
        ResponseEvent place = new("", 0) { OutputIndex = 0, ContentIndex = 0, ItemId = _message };
        await SendAsync(events, Next("response.output_text.done", place) with { Text = answer.Text }, cancellationToken);
        await SendAsync(events, Next("response.content_part.done", place) with { Part = Part(answer.Text) }, cancellationToken);
        await SendAsync(events, Next("response.output_item.done") with { OutputIndex = 0, Item = output[0] }, cancellationToken);
        for (int i = 1; i < output.Count; i++)
        {
            await SendAsync(events, Next("response.output_item.added") with { OutputIndex = i, Item = output[i] }, cancellationToken);
            await SendAsync(events, Next("response.output_item.done") with { OutputIndex = i, Item = output[i] }, cancellationToken);
        }

        ResponseBody body = Whole(answer, output);
        await SendAsync(events, Next(body.Status == "completed" ? "response.completed" : "response.incomplete") with { Response = body }, cancellationToken);
    }

    public Task WholeAsync(HttpResponse response, IReadOnlyList<AnswerCollector> answers, CancellationToken cancellationToken) =>
        response.WriteAsJsonAsync(
            Whole(answers[0], Output(answers[0], keepMessage: false)), SessionJson.Web.ResponseBody, cancellationToken: cancellationToken);

    private ResponseBody Whole(AnswerCollector answer, IReadOnlyList<OutputItem> output)
    {
        TurnResult result = answer.Result!;
        int input = result.HistoryTokens + result.PromptTokens;
        var usage = new ResponseUsage(
            input, new InputTokensDetails(result.CachedTokens), result.AnswerTokens, new OutputTokensDetails(0), input + result.AnswerTokens);
        bool cut = answer.FinishReason == "length";
        return Body(cut ? "incomplete" : "completed", output, usage) with { IncompleteDetails = cut ? new IncompleteDetails("max_output_tokens") : null };
    }

    private List<OutputItem> Output(AnswerCollector answer, bool keepMessage)
    {
        List<OutputItem> output = [];
        if (keepMessage || answer.Text.Length > 0 || answer.Calls.Count == 0)
        {
            output.Add(new OutputItem("message", _message, "completed") { Role = "assistant", Content = [Part(answer.Text)] });
        }

        output.AddRange(answer.Calls.Select((c, i) => new OutputItem("function_call", $"fc_{_message[4..]}{i}", "completed")
        {
            CallId = $"call_{_message[4..]}{i}",
            Name = c.Name,
            Arguments = c.Arguments,
        }));
        return output;
    }

    private ResponseBody Body(string status, IReadOnlyList<OutputItem> output, ResponseUsage? usage) =>
        new(Id.ToString(), "response", _created, status, model.Name, output, usage, job.PreviousResponse);

    private ResponseEvent Next(string type, ResponseEvent? like = null) =>
        (like ?? new ResponseEvent(type, 0)) with { Type = type, SequenceNumber = _sequence++ };

    private static OutputText Part(string text) => new("output_text", text, []);

    private static Task SendAsync(ServerSentEvents events, ResponseEvent item, CancellationToken cancellationToken) =>
        events.SendAsync(item, SessionJson.Web.ResponseEvent, cancellationToken, item.Type);
}
