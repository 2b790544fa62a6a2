using System.Text.Json;

namespace KVCluster.Silo.Tests.Verbs;

/// <summary>The comparison on the bundled model, as a newcomer runs it.</summary>
public class CompareTests
{
    [Fact]
    public void Machines_get_every_row_and_every_answer()
    {
        JsonElement report = CommandRun.Of("compare", "--json").Json();
        JsonElement[] rows = [.. report.GetProperty("rows").EnumerateArray()];
        JsonElement whole = rows[0];
        Assert.False(whole.TryGetProperty("compression", out _));
        int questions = whole.GetProperty("questions").GetInt32();
        int right = whole.GetProperty("right").GetInt32();
        Assert.True(right >= questions - 1, $"{right} of {questions} right with the whole cache");

        long before = whole.GetProperty("bytesBefore").GetInt64();
        Assert.Equal(before, whole.GetProperty("bytesAfter").GetInt64());
        Assert.True(rows.Length > 1);
        foreach (JsonElement row in rows)
        {
            Assert.Equal(before, row.GetProperty("bytesBefore").GetInt64());
            JsonElement[] answers = [.. row.GetProperty("answers").EnumerateArray()];
            Assert.Equal(questions, answers.Length);
            Assert.Equal(row.GetProperty("right").GetInt32(), answers.Count(a => a.GetProperty("right").GetBoolean()));
        }

        foreach (JsonElement row in rows.Skip(1))
        {
            JsonElement compression = row.GetProperty("compression");
            double keep = row.GetProperty("keep").GetDouble();
            long after = row.GetProperty("bytesAfter").GetInt64();
            Assert.InRange(after, before * keep * 0.9, (before * keep * 1.1) + (64 << 10));
            Assert.Equal(after, compression.GetProperty("bytesAfter").GetInt64());
            Assert.Equal(before, compression.GetProperty("bytesBefore").GetInt64());
        }
    }

    [Fact]
    public void A_quarter_of_the_cache_answers_nearly_as_much_as_all_of_it()
    {
        JsonElement report = CommandRun.Of("compare", "--json", "--keep", "1,0.25", "--policy", "kvcompose").Json();
        JsonElement[] rows = [.. report.GetProperty("rows").EnumerateArray()];
        Assert.Equal(2, rows.Length);
        Assert.True(rows[1].GetProperty("right").GetInt32() >= rows[0].GetProperty("right").GetInt32() - 1);
        Assert.InRange(rows[1].GetProperty("compression").GetProperty("droppedMass").GetDouble(), 0.001, 0.5);
    }

    [Fact]
    public void Scores_made_once_give_what_scores_made_anew_give()
    {
        JsonElement Row(string keeps) => CommandRun.Of("compare", "--json", "--keep", keeps, "--policy", "kvcompose", "--threads", "1")
            .Json().GetProperty("rows").EnumerateArray().Last();

        JsonElement alone = Row("0.1");
        JsonElement second = Row("0.5,0.1");
        Assert.Equal(
            alone.GetProperty("compression").GetProperty("kept").ToString(),
            second.GetProperty("compression").GetProperty("kept").ToString());
        Assert.Equal(Texts(alone), Texts(second));
    }

    [Fact]
    public void People_get_a_table_the_wrong_answers_and_a_picture()
    {
        CommandRun run = CommandRun.Of("compare", "--keep", "0.5,0.1", "--kv", "int8");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal("", run.Error);
        Assert.All(
            ["needle", "With the whole cache", "falcon is 48213", "KV after", "kvcompose", "streaming-llm", "Wrong with", "layer 3"],
            t => Assert.Contains(t, run.Output, StringComparison.Ordinal));
        Assert.All(run.Output.Split('\n'), line => Assert.True(line.Length < 220, line));
    }

    [Fact]
    public void A_document_and_questions_of_ones_own_work_too()
    {
        using TemporaryFolder folder = new();
        string document = folder.Write("d.txt", "The password for silver-otter is lavender. The gate code for tiny-mole is 10203.");
        string questions = folder.Write("q.json", """[{"question": "What is the password for silver-otter?", "expected": ["Lavender"]}]""");
        JsonElement report = CommandRun.Of("compare", "--json", "--document", document, "--questions", questions, "--keep", "1").Json();
        JsonElement row = Assert.Single(report.GetProperty("rows").EnumerateArray());
        Assert.Equal(1, row.GetProperty("right").GetInt32());
    }

    private static IEnumerable<string?> Texts(JsonElement row) =>
        row.GetProperty("answers").EnumerateArray().Select(a => a.GetProperty("text").GetString());
}
