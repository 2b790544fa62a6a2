using System.Text.Json;
using KVCluster.Inference.Sampling.Constraints;

namespace KVCluster.Inference.Tests.Sampling.Constraints;

public class JsonSchemaGrammarTests
{
    private const string Person = """
        {"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"},"tags":{"type":"array","items":{"type":"string"}}},
         "required":["name"],"additionalProperties":false}
        """;

    [Theory]
    [InlineData("""{"name":"x"}""", true)]
    [InlineData("""{ "name": "x", "age": -3, "tags": ["a", "b"] }""", true)]
    [InlineData("""{"name":"x","tags":[]}""", true)]
    [InlineData("""{"name":"ä\u00e9\n\"😀"}""", true)]
    [InlineData("""{"age":1,"name":"x"}""", false)]
    [InlineData("""{"age":1}""", false)]
    [InlineData("""{"name":"x","age":1.5}""", false)]
    [InlineData("""{"name":"x",}""", false)]
    [InlineData("""{"name":"x"} """, false)]
    [InlineData("""{"name":"x","other":1}""", false)]
    [InlineData("{\"name\":\"a\nb\"}", false)]
    public void An_object_has_its_properties_in_order_and_the_required_ones(string text, bool matches) =>
        Assert.Equal(matches, Schemas.Matches(Schemas.Compile(Person), text));

    [Theory]
    [InlineData("""{"enum":["red",3,null,{"a":[1]}]}""", """{"a":[1]}""", true)]
    [InlineData("""{"enum":["red",3]}""", "\"blue\"", false)]
    [InlineData("""{"const":"é"}""", "\"é\"", true)]
    [InlineData("""{"type":"string","enum":["a",1]}""", "\"a\"", true)]
    [InlineData("""{"type":"string","enum":["a",1]}""", "1", false)]
    [InlineData("""{"type":["integer","null"],"enum":[2.0,2.5,null,"2"]}""", "2.0", true)]
    [InlineData("""{"type":["integer","null"],"enum":[2.0,2.5,null,"2"]}""", "2.5", false)]
    [InlineData("""{"type":"number","const":1e400}""", "1e400", true)]
    [InlineData("""{"anyOf":[{"type":"null"},{"type":"boolean"}]}""", "true", true)]
    [InlineData("""{"type":["integer","null"]}""", "null", true)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"aé\"", true)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"abcd\"", false)]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}""", "[1, 2]", true)]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}""", "[]", false)]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}""", "[1,2,3]", false)]
    [InlineData("""{"type":"array","maxItems":0}""", "[]", true)]
    [InlineData("""{"type":"number"}""", "-0.5e+3", true)]
    [InlineData("""{"type":"number"}""", "01", false)]
    [InlineData("""{"type":"object"}""", """{"any":[{"thing":1}, null]}""", true)]
    [InlineData("""{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"null"}]}},"required":["next"]}}}""", """{"next":{"next":null}}""", true)]
    public void Keywords_mean_what_the_specification_says(string schema, string text, bool matches) =>
        Assert.Equal(matches, Schemas.Matches(Schemas.Compile(schema), text));

    [Theory]
    [InlineData("""{"type":"string","pattern":"a+"}""", "#/pattern")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"strin"}}}""", "#/properties/a/type")]
    [InlineData("""{"type":"object","properties":{},"required":["a"]}""", "#/required")]
    [InlineData("""{"type":"integer","minimum":3}""", "#/minimum")]
    [InlineData("""{"oneOf":[{"type":"null"},{"type":"boolean"}]}""", "#/oneOf")]
    [InlineData("""{"$ref":"#/nowhere"}""", "#/$ref")]
    [InlineData("""{"$ref":"https://example.org/x"}""", "#/$ref")]
    [InlineData("""{"enum":[]}""", "#/enum")]
    [InlineData("""{"type":"integer","enum":["a",1.5]}""", "#/type")]
    [InlineData("""{"type":"integer","const":"a"}""", "#/type")]
    [InlineData("""{"type":"strin","const":"a"}""", "#/type")]
    [InlineData("""{"type":"array","minItems":3,"maxItems":2}""", "maximum 2")]
    [InlineData("""[]""", "#")]
    [InlineData("""{"anyOf":[{"$ref":"#"},{"type":"null"}]}""", "refers to itself")]
    [InlineData("""{"$ref":"#"}""", "refers to itself")]
    public void What_a_grammar_cannot_say_is_refused_by_name(string schema, string named)
    {
        InputException error = Assert.Throws<InputException>(() => Schemas.Compile(schema));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_mode_takes_every_object_and_nothing_else()
    {
        Grammar grammar = JsonSchemaGrammar.AnyObject();

        Assert.True(Schemas.Matches(grammar, """{"a":{"b":[true,false,null,1e5,"\ud7ff"]}, "c":""}"""));
        Assert.False(Schemas.Matches(grammar, "[1]"));
        Assert.False(Schemas.Matches(grammar, """{"a":"\ud800"}"""));
    }

    [Fact]
    public void A_schema_nested_without_end_is_refused()
    {
        string schema = string.Concat(Enumerable.Repeat("""{"type":"array","items":""", 70)) + "{}" + new string('}', 70);
        using JsonDocument document = JsonDocument.Parse(schema, new JsonDocumentOptions { MaxDepth = 200 });

        Assert.Throws<InputException>(() => JsonSchemaGrammar.Of(document.RootElement));
    }
}
