using Microsoft.Extensions.AI;

namespace KVCluster.Client.Tests.Chat;

public class ChatPlanTests
{
    private static ChatMessage Answer(string? id) => new(ChatRole.Assistant, "answer") { MessageId = id };

    [Fact]
    public void A_conversation_begins_with_its_system_messages_and_what_the_user_says()
    {
        ChatPlan plan = ChatPlan.Of(
            [new(ChatRole.System, "be brief"), new(ChatRole.User, "one"), new(ChatRole.User, "two")], new ChatOptions { Instructions = "be kind" });

        Assert.Equal(("be kind\n\nbe brief", "one\n\ntwo"), (plan.System, plan.Prompt.Message));
        Assert.Null(plan.Follows);
    }

    [Fact]
    public void It_goes_on_from_the_last_answer_of_the_list()
    {
        ChatPlan plan = ChatPlan.Of(
            [new(ChatRole.User, "one"), Answer("kvcluster@7@a"), new(ChatRole.User, "two"), Answer("kvcluster@19@b_c"), new(ChatRole.User, "three")], null);

        Assert.Equal(new AnswerId("b_c", 19), plan.Follows);
        Assert.Equal("three", plan.Prompt.Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("msg_1")]
    [InlineData("kvcluster@x@a")]
    [InlineData("kvcluster@1@a b")]
    public void An_answer_of_another_client_is_refused(string? id) =>
        Assert.Contains("message 1", Assert.Throws<ArgumentException>(() => ChatPlan.Of([new(ChatRole.User, "one"), Answer(id)], null)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_list_without_anything_new_is_refused() =>
        Assert.Throws<ArgumentException>(() => ChatPlan.Of([new(ChatRole.User, "one"), Answer("kvcluster@7@a")], null));

    [Fact]
    public void What_is_not_text_is_refused()
    {
        Assert.Throws<NotSupportedException>(() => ChatPlan.Of([new(ChatRole.User, [new UriContent("http://x/y.png", "image/png")])], null));
        Assert.Throws<NotSupportedException>(() => ChatPlan.Of([new(ChatRole.Tool, "42")], null));
        Assert.Throws<NotSupportedException>(() => ChatTools.Of(new ChatOptions { Tools = [new HostedWebSearchTool()] }));
    }

    [Fact]
    public void What_functions_returned_goes_on_with_the_name_of_each_call_and_what_the_user_adds()
    {
        var answer = new ChatMessage(ChatRole.Assistant, [new FunctionCallContent("c1", "get_time"), new FunctionCallContent("c2", "get_place")]) { MessageId = "kvcluster@7@a" };

        ChatPlan plan = ChatPlan.Of(
            [new(ChatRole.User, "one"), answer, new(ChatRole.Tool, [new FunctionResultContent("c1", "noon"), new FunctionResultContent("c2", new { city = "Oslo" })]), new(ChatRole.User, "two")], null);

        Assert.Equal(
            [
                new PromptMessage { Role = "tool", Content = "noon", ToolCallId = "c1", Name = "get_time" },
                new PromptMessage { Role = "tool", Content = """{"city":"Oslo"}""", ToolCallId = "c2", Name = "get_place" },
                new PromptMessage { Role = "user", Content = "two" },
            ],
            plan.Prompt.Messages!);
    }

    [Fact]
    public void Options_become_sampling_settings()
    {
        SamplingSettings sampling = ChatMapping.Sampling(new ChatOptions
        {
            Temperature = 0.5f,
            TopP = 0.9f,
            TopK = 40,
            Seed = -1,
            MaxOutputTokens = 7,
            StopSequences = ["x"],
            ResponseFormat = ChatResponseFormat.Json,
        }, callSchema: null)!;

        Assert.Equal((0.5f, 0.9f, 40, ulong.MaxValue, 7), (sampling.Temperature, sampling.TopP, sampling.TopK, sampling.Seed, sampling.MaxTokens));
        Assert.Equal(["x"], sampling.StopStrings!);
        Assert.Equal(SamplingSettings.AnyJsonObject, sampling.AnswerSchema);
    }
}
