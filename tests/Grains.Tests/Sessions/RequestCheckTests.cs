namespace KVCluster.Grains.Tests.Sessions;

public sealed class RequestCheckTests
{
    public static TheoryData<Prompt, string> WrongPrompts => new()
    {
        { new Prompt(), "one of" },
        { new Prompt { Message = "a", Text = "b" }, "one of" },
        { new Prompt { Text = "b", Tokens = [1] }, "one of" },
        { new Prompt { Text = "b", IsWhole = true }, "whole conversation" },
        { new Prompt { Text = "" }, "empty" },
    };

    [Theory]
    [MemberData(nameof(WrongPrompts))]
    public void A_prompt_is_one_thing(Prompt prompt, string fault)
    {
        Assert.Contains(fault, Assert.Throws<InvalidRequestException>(
            () => RequestCheck.Generate(new GenerateRequest { Prompt = prompt })).Message);
        Assert.Contains(fault, Assert.Throws<InvalidRequestException>(
            () => RequestCheck.Append(new AppendRequest { Prompt = prompt })).Message);
    }

    [Fact]
    public void Appending_no_tokens_is_refused_and_going_on_without_a_prompt_is_not()
    {
        Assert.Throws<InvalidRequestException>(() => RequestCheck.Append(new AppendRequest { Prompt = Prompt.OfTokens() }));
        RequestCheck.Generate(new GenerateRequest());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("line\nbreak")]
    [InlineData("é")]
    public void Keys_are_printable(string key) =>
        Assert.Throws<InvalidRequestException>(() => RequestCheck.Generate(new GenerateRequest { IdempotencyKey = key }));

    [Fact]
    public void Keys_and_options_have_bounds()
    {
        RequestCheck.Generate(new GenerateRequest { IdempotencyKey = new string('k', 128) });
        Assert.Throws<InvalidRequestException>(() => RequestCheck.Generate(new GenerateRequest { IdempotencyKey = new string('k', 129) }));
        Assert.Throws<InvalidRequestException>(() => RequestCheck.Generate(new GenerateRequest { MaxWait = TimeSpan.Zero }));
        Assert.Throws<InvalidRequestException>(() => RequestCheck.Options(new SessionOptions { Priority = int.MinValue }));
        Assert.Throws<InvalidRequestException>(() => RequestCheck.Options(new SessionOptions { TokenBudget = 0 }));
        Assert.Throws<InvalidRequestException>(() => RequestCheck.Options(null));
    }

    [Fact]
    public void Requests_that_ask_for_the_same_have_one_hash()
    {
        string hash = RequestHash.Of(Request("a", 0.5f));
        Assert.Equal(hash, RequestHash.Of(Request("a", 0.5f) with { IdempotencyKey = "k", MaxWait = TimeSpan.FromSeconds(1) }));
        Assert.NotEqual(hash, RequestHash.Of(Request("b", 0.5f)));
        Assert.NotEqual(hash, RequestHash.Of(Request("a", 0.6f)));
        Assert.NotEqual(
            RequestHash.Of(new GenerateRequest { Prompt = Prompt.OfTokens(1) }),
            RequestHash.Of(new AppendRequest { Prompt = Prompt.OfTokens(1) }));
    }

    private static GenerateRequest Request(string message, float temperature) =>
        new() { Prompt = Prompt.OfMessage(message), Sampling = new SamplingSettings { Temperature = temperature } };
}
