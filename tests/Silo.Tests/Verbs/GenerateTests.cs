using System.Text.Json;
using KVCluster.Silo.Hosting;
using KVCluster.TestSupport;

namespace KVCluster.Silo.Tests.Verbs;

public class GenerateTests
{
    private const string Fact = "The gate code for amber-falcon is 48213. What is the gate code for amber-falcon?";

    [Fact]
    public void A_chat_prompt_is_answered_and_measured()
    {
        JsonElement report = Generate("--prompt", Fact, "--chat").Json();
        JsonElement answer = report.GetProperty("answer");
        Assert.Equal("The gate code for amber-falcon is 48213.", answer.GetProperty("text").GetString());
        Assert.Equal("end-token", answer.GetProperty("finish").GetString());
        Assert.True(answer.GetProperty("tokensPerSecond").GetDouble() > 0);
        Assert.True(report.GetProperty("prompt").GetProperty("tokens").GetInt32() > 10);
        Assert.True(report.GetProperty("cacheBytes").GetInt64() > 0);
        Assert.False(answer.TryGetProperty("logProbabilities", out _));
    }

    [Fact]
    public void The_prompt_may_come_from_standard_input_or_a_file()
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("prompt.txt", Fact);
        string expected = Text(Generate("--prompt", Fact, "--chat"));
        Assert.Equal(expected, Text(Generate("--prompt-file", file, "--chat")));
        Assert.Equal(expected, Text(CommandRun.With(Fact, typed: false, "generate", "--model", TestPaths.Needle, "--json", "--chat")));
    }

    [Fact]
    public void People_get_the_text_on_standard_output_and_the_rates_beside_it()
    {
        CommandRun run = CommandRun.Of("generate", "--model", TestPaths.Needle, "--prompt", Fact, "--chat", "--logprobs", "1");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("The gate code for amber-falcon is 48213.\n", run.Output);
        Assert.Contains("tokens/s", run.Error, StringComparison.Ordinal);
        Assert.Contains("' gate'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_is_continued_until_a_stop_string_or_the_limit()
    {
        JsonElement stopped = Generate("--prompt", Fact, "--chat", "--stop", "amber", "--stop", "never").Json().GetProperty("answer");
        Assert.Equal("The gate code for ", stopped.GetProperty("text").GetString());
        Assert.Equal("stop-string", stopped.GetProperty("finish").GetString());
        Assert.Equal("amber", stopped.GetProperty("stopString").GetString());

        JsonElement cut = Generate("--prompt", "The baker", "--max-tokens", "3").Json().GetProperty("answer");
        Assert.Equal("max-tokens", cut.GetProperty("finish").GetString());
        Assert.Equal(3, cut.GetProperty("tokens").GetArrayLength());
    }

    [Fact]
    public void A_full_arena_ends_an_answer()
    {
        JsonElement report = Generate("--prompt", "The baker", "--context", "32", "--max-tokens", "500").Json();
        JsonElement answer = report.GetProperty("answer");
        Assert.Equal("arena-full", answer.GetProperty("finish").GetString());
        Assert.InRange(answer.GetProperty("tokens").GetArrayLength(), 30, 100);
    }

    [Fact]
    public void A_seed_gives_the_same_answer_again()
    {
        string[] options = ["--prompt", "The baker", "--temperature", "1.5", "--top-k", "200", "--top-p", "0.99", "--max-tokens", "12"];
        string first = Text(Generate([.. options, "--seed", "7"]));
        Assert.Equal(first, Text(Generate([.. options, "--seed", "7"])));
        Assert.NotEqual(first, Text(Generate([.. options, "--seed", "8"])));
    }

    [Fact]
    public void Log_probabilities_come_with_alternatives()
    {
        JsonElement answer = Generate("--prompt", Fact, "--chat", "--logprobs", "3").Json().GetProperty("answer");
        JsonElement[] scores = [.. answer.GetProperty("logProbabilities").EnumerateArray()];
        Assert.Equal(answer.GetProperty("tokens").GetArrayLength(), scores.Length);
        foreach (JsonElement score in scores)
        {
            float[] alternatives = [.. score.GetProperty("alternatives").EnumerateArray().Select(Value)];
            Assert.Equal(3, alternatives.Length);
            Assert.Equal(alternatives.OrderDescending(), alternatives);
            Assert.Equal(alternatives[0], Value(score));
        }
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    [InlineData("int8")]
    public void Every_kv_type_answers(string kv)
    {
        JsonElement report = Generate("--prompt", Fact, "--chat", "--kv", kv, "--threads", "1").Json();
        Assert.Equal(kv, report.GetProperty("model").GetProperty("kv").GetString());
        Assert.Contains("48213", report.GetProperty("answer").GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_run_says_nothing_to_machines_and_ends_as_the_signal_does()
    {
        using Interrupt interrupt = new();
        interrupt.Raise(2);
        CommandRun run = CommandRun.With(Fact, typed: false, interrupt, "generate", "--model", TestPaths.Needle, "--json");
        Assert.Equal(130, run.ExitCode);
        Assert.Equal("", run.Output);
        Assert.Equal("", run.Error);
    }

    private static float Value(JsonElement score) => score.GetProperty("logProbability").GetSingle();

    private static CommandRun Generate(params string[] options) =>
        CommandRun.Of(["generate", "--model", TestPaths.Needle, "--json", .. options]);

    private static string Text(CommandRun run) => run.Json().GetProperty("answer").GetProperty("text").GetString()!;
}
