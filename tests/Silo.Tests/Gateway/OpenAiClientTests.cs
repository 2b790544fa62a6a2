using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Models;

namespace KVCluster.Silo.Tests.Gateway;

public class OpenAiClientTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Fact = "The special magic number for quiet-harbor is 4719. ";

    private ChatClient Chat => new("needle", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = server.Endpoint, RetryPolicy = new ClientRetryPolicy(0) });

    private static ChatCompletionOptions Greedy(int most) => new() { Temperature = 0, MaxOutputTokenCount = most };

    [Fact]
    public async Task A_chat_is_answered_with_its_usage()
    {
        ChatCompletion answer = await Chat.CompleteChatAsync([new UserChatMessage("Hello there")], Greedy(6));

        Assert.NotEmpty(answer.Content[0].Text);
        Assert.Equal(6, answer.Usage.OutputTokenCount);
        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal("needle", answer.Model);
    }

    [Fact]
    public async Task A_stream_makes_the_same_text_as_a_whole_answer()
    {
        ChatMessage[] messages = [new SystemChatMessage("Be brief."), new UserChatMessage("What can you do?")];
        ChatCompletion whole = await Chat.CompleteChatAsync(messages, Greedy(12));
        string text = "";
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in Chat.CompleteChatStreamingAsync(messages, Greedy(12)))
        {
            text += string.Concat(update.ContentUpdate.Select(c => c.Text));
            usage ??= update.Usage;
        }

        Assert.Equal(whole.Content[0].Text, text);
        Assert.Equal(whole.Usage.TotalTokenCount, usage!.TotalTokenCount);
    }

    [Fact]
    public async Task An_unchanged_client_gets_its_cache_back()
    {
        List<ChatMessage> messages = [new UserChatMessage(string.Concat(Enumerable.Repeat(Fact, 30)) + "What is the number?")];
        ChatCompletion first = await Chat.CompleteChatAsync(messages, Greedy(16));
        messages.Add(new AssistantChatMessage(first.Content[0].Text));
        messages.Add(new UserChatMessage("And once more?"));

        ChatCompletion second = await Chat.CompleteChatAsync(messages, Greedy(16));

        Assert.Equal(0, first.Usage.InputTokenDetails.CachedTokenCount);
        Assert.True(
            second.Usage.InputTokenDetails.CachedTokenCount >= first.Usage.InputTokenCount,
            $"{second.Usage.InputTokenDetails.CachedTokenCount} of {second.Usage.InputTokenCount} tokens were cached");
    }

    [Fact]
    public async Task An_edited_conversation_shares_what_did_not_change()
    {
        string document = string.Concat(Enumerable.Range(0, 40).Select(i => $"Line {i} says nothing new. "));
        await Chat.CompleteChatAsync([new UserChatMessage(document + "First question?")], Greedy(4));

        ChatCompletion edited = await Chat.CompleteChatAsync([new UserChatMessage(document + "Another question?")], Greedy(4));

        Assert.True(edited.Usage.InputTokenDetails.CachedTokenCount > edited.Usage.InputTokenCount / 2);
    }

    [Fact]
    public async Task An_answer_is_held_to_its_schema()
    {
        ChatCompletionOptions options = Greedy(200);
        options.ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat(
            "fact",
            BinaryData.FromString("""{"type":"object","properties":{"kind":{"enum":["number","word"]},"sure":{"type":"boolean"}},"required":["kind","sure"],"additionalProperties":false}"""),
            jsonSchemaIsStrict: true);

        ChatCompletion answer = await Chat.CompleteChatAsync([new UserChatMessage(Fact + "What is it?")], options);

        using JsonDocument json = JsonDocument.Parse(answer.Content[0].Text);
        Assert.Contains(json.RootElement.GetProperty("kind").GetString(), (string[])["number", "word"]);
        Assert.True(json.RootElement.GetProperty("sure").ValueKind is JsonValueKind.True or JsonValueKind.False);
    }

    [Fact]
    public async Task Log_probabilities_come_with_every_token()
    {
        ChatCompletionOptions options = Greedy(5);
        options.IncludeLogProbabilities = true;
        options.TopLogProbabilityCount = 2;

        ChatCompletion answer = await Chat.CompleteChatAsync([new UserChatMessage("Hello")], options);

        Assert.Equal(5, answer.ContentTokenLogProbabilities.Count);
        Assert.All(answer.ContentTokenLogProbabilities, t => Assert.Equal(t.LogProbability, t.TopLogProbabilities[0].LogProbability));
    }

    [Fact]
    public async Task Errors_keep_their_status_and_reason()
    {
        var wrongModel = new ChatClient("gpt-9", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = server.Endpoint, RetryPolicy = new ClientRetryPolicy(0) });

        ClientResultException unknown = await Assert.ThrowsAsync<ClientResultException>(() => wrongModel.CompleteChatAsync(new UserChatMessage("x")));
        ClientResultException hot = await Assert.ThrowsAsync<ClientResultException>(
            () => Chat.CompleteChatAsync([new UserChatMessage("x")], new ChatCompletionOptions { Temperature = 9 }));
        ClientResultException tooLong = await Assert.ThrowsAsync<ClientResultException>(
            () => Chat.CompleteChatAsync([new UserChatMessage(string.Concat(Enumerable.Repeat(Fact, 600)))], Greedy(4)));

        Assert.Equal((404, 400, 400), (unknown.Status, hot.Status, tooLong.Status));
        Assert.Contains("temperature", hot.Message, StringComparison.Ordinal);
        Assert.Contains("context_length_exceeded", tooLong.GetRawResponse()!.Content.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_leaves_ends_the_generation_and_the_turn_never_was()
    {
        using var leave = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (StreamingChatCompletionUpdate _ in Chat.CompleteChatStreamingAsync([new UserChatMessage("Tell me much")], Greedy(3000), leave.Token))
            {
                await leave.CancelAsync();
            }
        });

        await server.RequireQuietAsync();
    }

    [Fact]
    public async Task Models_are_listed()
    {
        var models = new OpenAIModelClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = server.Endpoint });

        OpenAIModelCollection list = await models.GetModelsAsync();

        Assert.Equal("needle", Assert.Single(list).Id);
    }
}
