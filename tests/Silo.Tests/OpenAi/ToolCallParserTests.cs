using KVCluster.Grains;

namespace KVCluster.Silo.Tests.OpenAi;

public class ToolCallParserTests
{
    [Theory]
    [InlineData("""ok <tool_call>{"name":"f","arguments":{"a":1}}</tool_call>""", "ok", "f", """{"a":1}""")]
    [InlineData("""<tool_call>{"name":"f","arguments":{}}""", "", "f", "{}")]
    [InlineData("""[TOOL_CALLS][{"name":"g","arguments":{"b":2}}]""", "", "g", """{"b":2}""")]
    [InlineData("""{"name":"h","parameters":{"c":3}}""", "", "h", """{"c":3}""")]
    [InlineData("""{"name":"h","arguments":"{\"c\":3}"}""", "", "h", """{"c":3}""")]
    public void Each_familys_form_is_read(string answer, string text, string name, string arguments)
    {
        (string rest, IReadOnlyList<ParsedCall> calls) = ToolCallParser.Parse(answer);

        Assert.Equal(text, rest);
        Assert.Equal(new ParsedCall(name, arguments), Assert.Single(calls));
    }

    [Theory]
    [InlineData("plain text")]
    [InlineData("<tool_call>not json</tool_call>")]
    [InlineData("""{"name":5,"arguments":{}}""")]
    [InlineData("""{"answer":42}""")]
    [InlineData("[TOOL_CALLS] oops")]
    public void What_is_no_call_stays_text(string answer) => Assert.Equal((answer, 0), (ToolCallParser.Parse(answer).Text, ToolCallParser.Parse(answer).Calls.Count));

    [Theory]
    [InlineData("Hello", false)]
    [InlineData("Hello <tool", true)]
    [InlineData("  {\"na", true)]
    [InlineData("x [TOOL_CALLS]", true)]
    public void A_stream_waits_only_where_a_call_may_have_begun(string begun, bool waits) => Assert.Equal(waits, ToolCallParser.MayBeCall(begun));
}
