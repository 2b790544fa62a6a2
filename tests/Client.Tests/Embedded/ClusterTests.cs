using System.Text.Json;
using Microsoft.Extensions.AI;

namespace KVCluster.Client.Tests.Embedded;

/// <summary>The client against sessions on the bundled model.</summary>
public sealed class ClusterTests
{
    private static readonly string Document = "The gate code for amber-falcon is 48213. The badge id for rapid-shrew is 0c46-d1fb. "
        + string.Concat(Enumerable.Repeat("The wind came from the school at noon. ", 20));

    private const string ToolTemplate =
        "{% if tools %}{{ '<|im_start|>tools\n' }}{% for t in tools %}{{ t.function.name }}{% endfor %}{{ '<|im_end|>\n' }}{% endif %}"
        + "{% for m in messages %}{{ '<|im_start|>' + m['role'] }}{% if m.tool_call_id %}{{ ' ' + m.tool_call_id }}{% endif %}{{ '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    [Fact]
    public async Task A_node_that_is_killed_in_mid_answer_costs_the_reader_nothing()
    {
        await using NeedleCluster cluster = await NeedleCluster.StartAsync(2);
        var sampling = new SamplingSettings { Temperature = 1, MaxTokens = 60, LogitBias = [new TokenBias(2, -100)] };
        SessionClient calm = await cluster.Client.CreateSessionAsync();
        string expected = (await calm.AskAsync(Document, sampling, "key")).Text;
        SessionClient session = await cluster.Client.CreateSessionAsync();
        string node = (await session.DescribeAsync()).Node;
        string text = "";
        int chunks = 0;
        TurnResult? result = null;

        await foreach (TokenChunk chunk in session.SayAsync(Document, sampling, "key"))
        {
            text += chunk.Text;
            result = chunk.Result;
            if (++chunks == 5)
            {
                await cluster.KillAsync(node);
            }
        }

        Assert.Equal(expected, text);
        Assert.Equal(expected, result!.Text);
        SessionInfo after = await session.DescribeAsync();
        Assert.NotEqual(node, after.Node);
        Assert.Equal(1, after.Turns);
    }

    [Fact]
    public async Task A_list_of_messages_goes_on_in_its_session_and_an_edited_one_in_a_fork()
    {
        await using NeedleCluster cluster = await NeedleCluster.StartAsync(1);
        IChatClient chat = cluster.Client.AsChatClient();
        var options = new ChatOptions { MaxOutputTokens = 40 };
        List<ChatMessage> messages = [new(ChatRole.System, "Be brief."), new(ChatRole.User, Document + "What is the gate code for amber-falcon?")];

        ChatResponse first = await chat.GetResponseAsync(messages, options);
        messages.AddMessages(first);
        List<ChatMessage> branch = [.. messages, new(ChatRole.User, "What is the badge id for rapid-shrew?")];
        messages.Add(new ChatMessage(ChatRole.User, "And once more?"));
        ChatResponse second = await chat.GetResponseAsync(messages, options);
        ChatResponse other = await chat.GetResponseAsync(branch, options);

        Assert.Contains("48213", first.Text, StringComparison.Ordinal);
        Assert.Equal(first.ConversationId, second.ConversationId);
        Assert.NotEqual(first.ConversationId, other.ConversationId);
        Assert.Contains("0c46-d1fb", other.Text, StringComparison.Ordinal);
        Assert.True(second.Usage!.CachedInputTokenCount >= first.Usage!.InputTokenCount);
        Assert.True(other.Usage!.CachedInputTokenCount > first.Usage.InputTokenCount / 2);
        Assert.Equal(1, (await cluster.Client.GetSession(other.ConversationId!).DescribeAsync()).Turns);
    }

    [Fact]
    public async Task A_named_conversation_takes_only_what_is_new()
    {
        await using NeedleCluster cluster = await NeedleCluster.StartAsync(1);
        IChatClient chat = cluster.Client.AsChatClient();
        ChatResponse first = await chat.GetResponseAsync([new ChatMessage(ChatRole.User, Document)], new ChatOptions { MaxOutputTokens = 4 });

        ChatResponse second = await chat.GetResponseAsync(
            [new ChatMessage(ChatRole.User, "Again?")], new ChatOptions { ConversationId = first.ConversationId, MaxOutputTokens = 4 });

        Assert.Equal(first.ConversationId, second.ConversationId);
        Assert.Equal(ChatFinishReason.Length, second.FinishReason);
        await Assert.ThrowsAsync<ArgumentException>(() => chat.GetResponseAsync(
            [new ChatMessage(ChatRole.User, "x")], new ChatOptions { ConversationId = first.ConversationId, Instructions = "be rude" }));
        await Assert.ThrowsAsync<SessionNotFoundException>(() => chat.GetResponseAsync(
            [new ChatMessage(ChatRole.User, "x")], new ChatOptions { ConversationId = "none" }));
    }

    [Fact]
    public async Task An_answer_is_held_to_a_schema()
    {
        await using NeedleCluster cluster = await NeedleCluster.StartAsync(1);
        JsonElement schema = JsonDocument.Parse("""{"type":"object","properties":{"kind":{"enum":["a","b"]}},"required":["kind"],"additionalProperties":false}""").RootElement;

        ChatResponse answer = await cluster.Client.AsChatClient().GetResponseAsync(
            [new ChatMessage(ChatRole.User, "Which?")], new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema), MaxOutputTokens = 50 });

        Assert.Contains(JsonDocument.Parse(answer.Text).RootElement.GetProperty("kind").GetString(), (string[])["a", "b"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_function_is_called_and_what_it_returned_is_answered_in_the_same_session(bool named)
    {
        await using NeedleCluster cluster = await NeedleCluster.StartAsync(1, ToolTemplate);
        IChatClient chat = cluster.Client.AsChatClient();
        AIFunction weather = AIFunctionFactory.Create((City city) => $"rain in {city}", "get_weather");
        List<ChatMessage> messages = [new(ChatRole.User, Document + "How is the weather?")];
        var options = new ChatOptions { Tools = [weather], ToolMode = ChatToolMode.RequireAny, MaxOutputTokens = 200 };

        ChatResponse called = await chat.GetResponseAsync(messages, options);
        FunctionCallContent call = Assert.Single(called.Messages.SelectMany(m => m.Contents).OfType<FunctionCallContent>());
        object? result = await weather.InvokeAsync(new AIFunctionArguments(call.Arguments));
        var returned = new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.CallId, result)]);
        messages.AddMessages(called);
        messages.Add(returned);
        options.ToolMode = null;
        options.MaxOutputTokens = 8;
        options.ConversationId = named ? called.ConversationId : null;
        ChatResponse answered = await chat.GetResponseAsync(named ? [returned] : messages, options);

        Assert.Equal((ChatFinishReason.ToolCalls, "get_weather", ""), (called.FinishReason, call.Name, called.Text));
        Assert.StartsWith("rain in ", result!.ToString(), StringComparison.Ordinal);
        Assert.Equal(called.ConversationId, answered.ConversationId);
        Assert.True(answered.Usage!.CachedInputTokenCount >= called.Usage!.InputTokenCount);
        HistorySlice history = await cluster.Client.GetSession(answered.ConversationId!).Grain.ReadHistory(0, int.MaxValue);
        Assert.StartsWith("<|im_start|>tools\nget_weather<|im_end|>", history.Text, StringComparison.Ordinal);
        Assert.Contains($"<|im_start|>tool {call.CallId}\n{result}<|im_end|>", history.Text, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => chat.GetResponseAsync(
            [new ChatMessage(ChatRole.User, "x")], new ChatOptions { ConversationId = called.ConversationId, Tools = [AIFunctionFactory.Create(() => 1, "other")] }));
    }

    [Fact]
    public async Task A_required_call_streams_no_text()
    {
        await using NeedleCluster cluster = await NeedleCluster.StartAsync(1);
        var options = new ChatOptions { Tools = [AIFunctionFactory.Create(() => "noon", "get_time")], ToolMode = ChatToolMode.RequireSpecific("get_time"), MaxOutputTokens = 100 };
        List<ChatResponseUpdate> updates = [];

        await foreach (ChatResponseUpdate update in cluster.Client.AsChatClient().GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Hello")], options))
        {
            updates.Add(update);
        }

        Assert.Equal("", string.Concat(updates.Select(u => u.Text)));
        Assert.Equal("get_time", Assert.Single(updates.SelectMany(u => u.Contents).OfType<FunctionCallContent>()).Name);
    }

    private enum City
    {
        Oslo,
        Rome,
    }

    [Fact]
    public async Task Sessions_are_listed_over_pages_and_counted()
    {
        await using NeedleCluster cluster = await NeedleCluster.StartAsync(1);
        string[] ids = [.. Enumerable.Range(0, 12).Select(i => $"s{i:00}")];
        foreach (string id in ids)
        {
            await cluster.Client.CreateSessionAsync(id: id);
        }

        await cluster.Client.GetSession("s03").CloseAsync();
        List<string> listed = [];
        await foreach (SessionSummary session in cluster.Client.ListSessionsAsync("s00"))
        {
            listed.Add(session.Session);
        }

        Assert.Equal(ids.Where(id => id is not ("s00" or "s03")), listed);
        Assert.Equal(11, await cluster.Client.CountSessionsAsync());
        Assert.Equal("node-0", Assert.Single(await cluster.Client.ListNodesAsync()).Node);
    }
}
