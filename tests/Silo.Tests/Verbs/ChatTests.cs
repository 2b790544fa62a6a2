using System.Text.Json;
using KVCluster.Silo.Comparing;
using KVCluster.Silo.Judging;
using KVCluster.TestSupport;

namespace KVCluster.Silo.Tests.Verbs;

public class ChatTests
{
    private static readonly CompareMaterial s_material = CompareMaterial.Bundled();

    [Fact]
    public void Turns_follow_one_another_without_a_document()
    {
        JsonElement report = CommandRun.Of("chat", "--json", "--question", "Hello!", "--question", "Thank you!").Json();
        JsonElement[] turns = [.. report.GetProperty("turns").EnumerateArray()];
        Assert.Equal(["Hello!", "Thank you!"], turns.Select(t => t.GetProperty("question").GetString()));
        Assert.Equal("You are welcome.", TextOf(turns[1]));
        Assert.False(report.TryGetProperty("document", out _));
        Assert.False(report.TryGetProperty("compression", out _));
    }

    [Theory]
    [InlineData("kvcompose", "replay", 2)]
    [InlineData("kvcompose-unstructured", "replay", 2)]
    [InlineData("kvcompose", "task", 0)]
    public void A_document_is_cut_before_the_first_question(string policy, string scores, int atLeastRight)
    {
        JsonElement report = AskDocument("--keep", "0.25", "--policy", policy, "--scores", scores);
        JsonElement compression = report.GetProperty("compression");
        long before = compression.GetProperty("bytesBefore").GetInt64();
        long after = compression.GetProperty("bytesAfter").GetInt64();
        Assert.InRange(after, before / 5, before / 3);
        int tokens = report.GetProperty("document").GetProperty("tokens").GetInt32();
        Assert.Equal(tokens, compression.GetProperty("tokens").GetInt32());

        JsonElement[] kept = [.. compression.GetProperty("kept").EnumerateArray()];
        int slots = kept.Sum(layer => layer.EnumerateArray().Sum(head => head.GetInt32()));
        int heads = kept.Sum(layer => layer.GetArrayLength());
        Assert.InRange(slots, tokens * heads * 0.24, tokens * heads * 0.25);

        // Questions alone do not make this model look at the values of facts, so scores by the task promise nothing.
        Assert.InRange(Right(report), atLeastRight, 3);
    }

    [Fact]
    public void Without_a_cut_everything_stays()
    {
        JsonElement report = AskDocument();
        Assert.False(report.TryGetProperty("compression", out _));
        Assert.Equal(3, Right(report));
        long perToken = 1024;
        Assert.True(report.GetProperty("cacheBytes").GetInt64() >= report.GetProperty("tokens").GetInt64() * perToken);
    }

    [Theory]
    [InlineData("observed", "kvcompose:aggregation=mean")]
    [InlineData("observed", "kvcompose")]
    public void Observed_attention_needs_no_extra_pass(string scores, string policy)
    {
        JsonElement compression = AskDocument("--keep", "0.5", "--scores", scores, "--policy", policy).GetProperty("compression");
        Assert.True(compression.GetProperty("bytesAfter").GetInt64() < compression.GetProperty("bytesBefore").GetInt64());
        Assert.InRange(compression.GetProperty("droppedMass").GetDouble(), 0, 1);
    }

    [Fact]
    public void People_see_questions_and_answers_and_beside_them_what_was_kept()
    {
        using TemporaryFolder folder = new();
        string document = folder.Write("d.txt", "The gate code for amber-falcon is 48213. The baker carried the basket near the market.");
        string question = "What is the gate code for amber-falcon?\n";
        CommandRun run = CommandRun.With(question, typed: false, "chat", "--document", document, "--keep", "0.9", "--kv", "int8");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("> What is the gate code for amber-falcon?\nThe gate code for amber-falcon is 48213.\n", run.Output);
        Assert.All(["layer 0", "layer 3", "kvcompose-unstructured keeps 90 %", "tokens/s"], t => Assert.Contains(t, run.Error, StringComparison.Ordinal));
    }

    [Fact]
    public void A_person_types_questions_and_commands_and_faults_do_not_end_the_chat()
    {
        string typed = "/keep 0.5\n\nHello!\n/stats\n/nonsense\n/keep 3\n/keep 0.9\n/help\nThank you!\n/exit\nWho are you?\n";
        CommandRun run = CommandRun.With(typed, typed: true, "chat");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            "> > > Hello! Give me a document and ask me about it.\n> > > > > > You are welcome.\n> ",
            run.Output);
        Assert.All(
            ["nothing to compress", "[22 tokens", "/nonsense", "/keep is 3", "layer 3", "keeps 90 %", "/stats    tokens"],
            t => Assert.Contains(t, run.Error, StringComparison.Ordinal));
    }

    private static JsonElement AskDocument(params string[] options)
    {
        using TemporaryFolder folder = new();
        string document = folder.Write("document.txt", s_material.Document);
        string[] questions = [.. s_material.Questions.Take(3).SelectMany(q => new[] { "--question", q.Question })];
        return CommandRun.Of(["chat", "--json", "--document", document, "--max-tokens", "40", .. questions, .. options]).Json();
    }

    private static int Right(JsonElement report) => report.GetProperty("turns").EnumerateArray()
        .Zip(s_material.Questions)
        .Count(pair => AnswerJudge.IsRight(TextOf(pair.First), pair.Second.Expected));

    private static string TextOf(JsonElement turn) => turn.GetProperty("answer").GetProperty("text").GetString()!;
}
