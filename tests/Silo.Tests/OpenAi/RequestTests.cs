using System.Text.Json;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Tests.OpenAi;

public class RequestTests
{
    private static CompletionJob Chat(string body) => ChatRequest.Read(JsonDocument.Parse(body).RootElement);

    [Fact]
    public void A_chat_request_is_read_whole()
    {
        CompletionJob job = Chat("""
            {"model":"m","messages":[{"role":"developer","content":"be brief"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],
             "max_completion_tokens":7,"temperature":0,"top_p":0.5,"min_p":0.1,"seed":-1,"stop":["x","y"],"n":2,"logprobs":true,"top_logprobs":3,
             "presence_penalty":1,"frequency_penalty":-1,"logit_bias":{"5":-100},"stream":true,"stream_options":{"include_usage":true},"user":"u",
             "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}}
            """);

        Assert.Equal([("system", "be brief"), ("user", "ab")], job.Messages.Select(m => (m.Role, m.Content)));
        Assert.Equal((7, 0f, 0.5f, 0.1f), (job.Sampling.MaxTokens, job.Sampling.Temperature, job.Sampling.TopP, job.Sampling.MinP));
        Assert.Equal(["x", "y"], job.Sampling.StopStrings);
        Assert.Equal((3, ulong.MaxValue), (job.Sampling.LogProbabilities, job.Sampling.Seed));
        Assert.Equal(-100, job.Sampling.LogitBias[5]);
        Assert.Equal((2, true, true, AnswerFormat.JsonSchema), (job.Choices, job.Stream, job.IncludeUsage, job.Format));
    }

    [Theory]
    [InlineData("-1", ulong.MaxValue)]
    [InlineData("7", 7)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    public void A_seed_may_be_one_that_an_answer_named(string seed, ulong read) => Assert.Equal(
        read, Chat($$"""{"model":"m","messages":[{"role":"user","content":"x"}],"seed":{{seed}}}""").Sampling.Seed);

    [Theory]
    [InlineData("[]", null)]
    [InlineData("{}", "model")]
    [InlineData("""{"model":"m"}""", "messages")]
    [InlineData("""{"model":"m","messages":[]}""", "messages")]
    [InlineData("""{"model":"m","messages":[{"role":"pope","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x","name":5}]}""", "messages[0].name")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"seed":1e30}""", "seed")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":""}}]}""", "tools[0].function.name")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":"x"}}]}""", "tools[0].function.parameters")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x","color":1}]}""", "messages[0].color")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":3}""", "temperature")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":"hot"}""", "temperature")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"n":99}""", "n")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"stop":[""]}""", "stop")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"top_logprobs":2}""", "top_logprobs")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"logit_bias":{"a":1}}""", "logit_bias")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"functions":[]}""", "functions")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"browser"}]}""", "tools[0].type")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":"required"}""", "tool_choice")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":"perhaps"}""", "tool_choice")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"allowed_tools"}}""", "tool_choice.type")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"function","function":{"name":"g"}},"tools":[{"type":"function","function":{"name":"f"}}]}""", "tool_choice.function.name")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":"required","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","patternProperties":{}}}}]}""", "tools[0].function.parameters")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"xml"}}""", "response_format.type")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema"}}""", "response_format.json_schema")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"frobnicate":1}""", "frobnicate")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{"}}]}]}""", "messages[0].tool_calls[0].function.arguments")]
    public void What_is_wrong_is_named(string body, string? param)
    {
        OpenAiException error = Assert.Throws<OpenAiException>(() => Chat(body));

        Assert.Equal((400, "invalid_request_error", param), (error.Status, error.Type, error.Param));
    }

    [Fact]
    public void Null_counts_as_absent()
    {
        CompletionJob job = Chat("""{"model":"m","messages":[{"role":"user","content":"x","name":null}],"stop":null,"temperature":null,"tools":null}""");

        Assert.Equal((1f, 0), (job.Sampling.Temperature, job.Sampling.StopStrings.Count));
    }

    [Theory]
    [InlineData("""{"model":"m","prompt":"once"}""", "once", 16)]
    [InlineData("""{"model":"m","prompt":["once"],"max_tokens":3}""", "once", 3)]
    public void A_text_request_is_read(string body, string prompt, int most)
    {
        CompletionJob job = TextRequest.Read(JsonDocument.Parse(body).RootElement);

        Assert.Equal((prompt, most), (job.Prompt, job.Sampling.MaxTokens));
    }

    [Theory]
    [InlineData("""{"model":"m","prompt":["a","b"]}""", "prompt")]
    [InlineData("""{"model":"m","prompt":[1,-2]}""", "prompt")]
    [InlineData("""{"model":"m","prompt":"a","suffix":"b"}""", "suffix")]
    [InlineData("""{"model":"m","prompt":"a","best_of":3}""", "best_of")]
    public void Bad_text_requests_are_named(string body, string param) =>
        Assert.Equal(param, Assert.Throws<OpenAiException>(() => TextRequest.Read(JsonDocument.Parse(body).RootElement)).Param);

    [Fact]
    public void A_response_request_is_read()
    {
        CompletionJob job = ResponsesRequest.Read(JsonDocument.Parse("""
            {"model":"m","instructions":"sys","input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]},
             {"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"},{"type":"function_call_output","call_id":"c","output":"3"}],
             "tools":[{"type":"function","name":"f","parameters":{"type":"object"}}],"text":{"format":{"type":"json_object"}},"previous_response_id":"resp_1"}
            """).RootElement);

        Assert.Equal(["system", "user", "assistant", "tool"], job.Messages.Select(m => m.Role));
        Assert.Equal("f", Assert.Single(job.Tools).GetProperty("function").GetProperty("name").GetString());
        Assert.Equal(("resp_1", AnswerFormat.JsonObject, true), (job.PreviousResponse, job.Format, job.UseTools));
    }
}
