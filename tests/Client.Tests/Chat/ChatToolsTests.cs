using System.Text.Json;
using Microsoft.Extensions.AI;

namespace KVCluster.Client.Tests.Chat;

public class ChatToolsTests
{
    private static readonly AIFunction Weather = AIFunctionFactory.Create((string city) => $"rain in {city}", "get_weather", "The weather of a city");
    private static readonly AIFunction Time = AIFunctionFactory.Create(() => "noon", "get_time");

    [Fact]
    public void Functions_are_declared_as_templates_read_them()
    {
        var tools = ChatTools.Of(new ChatOptions { Tools = [Weather] });

        JsonElement function = JsonDocument.Parse(tools.Declared!).RootElement[0].GetProperty("function");
        Assert.Equal(("get_weather", "The weather of a city"), (function.GetProperty("name").GetString(), function.GetProperty("description").GetString()));
        Assert.True(function.GetProperty("parameters").GetProperty("properties").TryGetProperty("city", out _));
        Assert.True(tools.MayCall);
        Assert.Null(tools.CallSchema);
    }

    [Fact]
    public void A_mode_says_whether_calls_may_or_must_be_made()
    {
        AITool[] both = [Weather, Time];

        Assert.False(ChatTools.Of(new ChatOptions { Tools = both, ToolMode = ChatToolMode.None }).MayCall);
        Assert.Contains("get_weather", ChatTools.Of(new ChatOptions { Tools = both, ToolMode = ChatToolMode.RequireAny }).CallSchema, StringComparison.Ordinal);
        Assert.DoesNotContain("get_weather", ChatTools.Of(new ChatOptions { Tools = both, ToolMode = ChatToolMode.RequireSpecific("get_time") }).CallSchema, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ChatTools.Of(new ChatOptions { Tools = both, ToolMode = ChatToolMode.RequireSpecific("other") }));
        Assert.Throws<ArgumentException>(() => ChatTools.Of(new ChatOptions { ToolMode = ChatToolMode.RequireAny }));
    }

    [Fact]
    public void Results_are_text_as_it_is_and_all_else_as_json()
    {
        Assert.Equal("noon", ChatTools.TextOf(new FunctionResultContent("c", "noon")));
        Assert.Equal("noon", ChatTools.TextOf(new FunctionResultContent("c", JsonSerializer.SerializeToElement("noon"))));
        Assert.Equal("[1,2]", ChatTools.TextOf(new FunctionResultContent("c", new[] { 1, 2 })));
        Assert.Equal("", ChatTools.TextOf(new FunctionResultContent("c", null)));
    }

    [Fact]
    public void Arguments_that_are_no_object_are_said_with_the_call_and_not_thrown()
    {
        FunctionCallContent good = ChatTools.Content(new ParsedCall("f", """{"a":1}"""), "c1");
        FunctionCallContent bad = ChatTools.Content(new ParsedCall("f", "[1]"), "c2");

        Assert.Equal(1, ((JsonElement)good.Arguments!["a"]!).GetInt32());
        Assert.NotNull(bad.Exception);
    }
}
