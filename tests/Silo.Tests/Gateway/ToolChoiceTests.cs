using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;

namespace KVCluster.Silo.Tests.Gateway;

public class ToolChoiceTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool(
        "get_weather",
        "The weather of a city",
        BinaryData.FromString("""
            {"type":"object","properties":{"city":{"enum":["Oslo","Rome"]},"unit":{"$ref":"#/$defs/unit"}},"required":["city","unit"],
             "additionalProperties":false,"$defs":{"unit":{"enum":["c","f"]}}}
            """));

    private static readonly ChatTool Time = ChatTool.CreateFunctionTool("get_time");

    private ChatClient Chat => new(
        "needle", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = server.Endpoint, RetryPolicy = new ClientRetryPolicy(0) });

    private static ChatCompletionOptions Options(ChatToolChoice choice)
    {
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 200, ToolChoice = choice };
        options.Tools.Add(Weather);
        options.Tools.Add(Time);
        return options;
    }

    [Fact]
    public async Task A_named_function_is_called_with_arguments_of_its_schema()
    {
        ChatCompletion answer = await Chat.CompleteChatAsync(
            [new UserChatMessage("How is it in Oslo?")], Options(ChatToolChoice.CreateFunctionChoice("get_weather")));

        ChatToolCall call = Assert.Single(answer.ToolCalls);
        using JsonDocument arguments = JsonDocument.Parse(call.FunctionArguments);
        Assert.Equal((ChatFinishReason.ToolCalls, "get_weather"), (answer.FinishReason, call.FunctionName));
        Assert.Contains(arguments.RootElement.GetProperty("city").GetString(), (string[])["Oslo", "Rome"]);
        Assert.Contains(arguments.RootElement.GetProperty("unit").GetString(), (string[])["c", "f"]);
    }

    [Fact]
    public async Task Calls_of_several_answers_have_ids_of_their_own()
    {
        JsonElement answer = await (await server.PostAsync(
            "/v1/chat/completions",
            """
            {"model":"needle","messages":[{"role":"user","content":"Hello"}],"temperature":0,"n":2,"tool_choice":"required",
             "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{},"additionalProperties":false}}}]}
            """)).JsonAsync();
        string?[] ids =
        [
            .. answer.GetProperty("choices").EnumerateArray()
                .SelectMany(c => c.GetProperty("message").GetProperty("tool_calls").EnumerateArray())
                .Select(c => c.GetProperty("id").GetString()),
        ];

        Assert.Equal((2, 2), (ids.Length, ids.Distinct().Count()));
    }

    [Fact]
    public async Task Where_a_call_is_required_one_of_the_tools_is_called()
    {
        ChatCompletion answer = await Chat.CompleteChatAsync([new UserChatMessage("Hello")], Options(ChatToolChoice.CreateRequiredChoice()));

        Assert.Contains(Assert.Single(answer.ToolCalls).FunctionName, (string[])["get_weather", "get_time"]);
    }

    [Fact]
    public async Task A_required_call_streams_as_a_call_and_never_as_text()
    {
        string text = "";
        string arguments = "";
        ChatFinishReason? finish = null;
        await foreach (StreamingChatCompletionUpdate update in Chat.CompleteChatStreamingAsync(
            [new UserChatMessage("Hello")], Options(ChatToolChoice.CreateFunctionChoice("get_time"))))
        {
            text += string.Concat(update.ContentUpdate.Select(c => c.Text));
            arguments += string.Concat(update.ToolCallUpdates.Select(c => c.FunctionArgumentsUpdate));
            finish ??= update.FinishReason;
        }

        Assert.Equal(("", "{}", ChatFinishReason.ToolCalls), (text, arguments.Replace(" ", "", StringComparison.Ordinal), finish));
    }

    [Fact]
    public async Task A_response_is_held_to_a_call_too()
    {
        JsonElement response = await (await server.PostAsync("/v1/responses", """
            {"model":"needle","input":"Hello","max_output_tokens":200,"temperature":0,"tool_choice":{"type":"function","name":"get_time"},
             "tools":[{"type":"function","name":"get_time"},{"type":"function","name":"other"}]}
            """)).JsonAsync();

        JsonElement item = Assert.Single(response.GetProperty("output").EnumerateArray());
        Assert.Equal(("function_call", "get_time"), (item.GetProperty("type").GetString(), item.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Parameters_that_no_answer_can_be_held_to_are_refused_by_name()
    {
        JsonElement error = await (await server.PostAsync("/v1/chat/completions", """
            {"model":"needle","messages":[{"role":"user","content":"x"}],"tool_choice":"required",
             "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string","pattern":"x+"}}}}}]}
            """)).ErrorAsync(HttpStatusCode.BadRequest);

        Assert.Equal("tools[0].function.parameters", error.GetProperty("param").GetString());
        Assert.Contains("pattern", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}
