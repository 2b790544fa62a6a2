using System.ClientModel;
using System.ClientModel.Primitives;
using KVCluster.TestSupport;
using OpenAI;
using OpenAI.Chat;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>Recorded conversations through the OpenAI .NET client, all of them at once, each sent whole at every turn.</summary>
[Trait("Category", "Goldens")]
public sealed class RecordedConversationTests(ExactServer server) : IClassFixture<ExactServer>
{
    private const int Together = 8;

    [GoldenFact(RecordedConversation.Part)]
    public async Task They_come_out_as_recorded_and_from_the_cache()
    {
        var chat = new ChatClient(
            "needle", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = server.Endpoint, RetryPolicy = new ClientRetryPolicy(0) });
        await Task.WhenAll(RecordedConversation.All().Take(Together).Select(async (recorded, i) =>
        {
            List<ChatMessage> messages = [];
            for (int turn = 0; turn < recorded.Questions.Length; turn++)
            {
                messages.Add(new UserChatMessage(recorded.Questions[turn]));
                (string text, ChatTokenUsage usage) = i % 2 == 0 ? await WholeAsync(chat, messages) : await StreamedAsync(chat, messages);
                messages.Add(new AssistantChatMessage(text));

                Assert.Equal(recorded.Answers[turn], text);
                Assert.True(turn == 0 || usage.InputTokenDetails.CachedTokenCount > usage.InputTokenCount / 2);
            }
        }));
        await server.RequireQuietAsync();
    }

    private static ChatCompletionOptions Greedy() => new() { Temperature = 0, MaxOutputTokenCount = 128 };

    private static async Task<(string Text, ChatTokenUsage Usage)> WholeAsync(ChatClient chat, List<ChatMessage> messages)
    {
        ChatCompletion answer = await chat.CompleteChatAsync(messages, Greedy());
        return (answer.Content[0].Text, answer.Usage);
    }

    private static async Task<(string Text, ChatTokenUsage Usage)> StreamedAsync(ChatClient chat, List<ChatMessage> messages)
    {
        string text = "";
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync(messages, Greedy()))
        {
            text += string.Concat(update.ContentUpdate.Select(c => c.Text));
            usage ??= update.Usage;
        }

        return (text, usage!);
    }
}
