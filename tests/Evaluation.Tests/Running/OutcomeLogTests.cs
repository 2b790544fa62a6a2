using KVCluster.Evaluation.Running;
using KVCluster.Inference;

namespace KVCluster.Evaluation.Tests.Running;

public sealed class OutcomeLogTests
{
    private static readonly Outcome s_first = Outcomes.Make("p", 0.1, 0.3);
    private static readonly Outcome s_second = Outcomes.Make("p", 0.25, 1.0 / 3);

    [Fact]
    public void What_was_added_is_there_again()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("log.jsonl");
        Write(path, s_first, s_second);
        using OutcomeLog log = OutcomeLog.Open(path, Outcomes.Header);
        Assert.Equal(2, log.Count);
        Outcome found = log.Find("s", EvaluationProtocol.KvPress, "p", 0.25)!;
        Assert.Equal(s_second.Score, found.Score);
        Assert.Equal(s_second.Answers, found.Answers);
        Assert.Equal(s_second.Kept, found.Kept);
        Assert.Equal(0.875, found.CompressionSeconds);
        Assert.Null(log.Find("s", EvaluationProtocol.MultiTurn, "p", 0.25));
        Assert.Null(log.Find("s", EvaluationProtocol.KvPress, "p", 0.2));
        Assert.Null(log.Find("other", EvaluationProtocol.KvPress, "p", 0.25));
    }

    [Fact]
    public void A_line_cut_anywhere_is_dropped_and_the_rest_goes_on()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("log.jsonl");
        Write(path, s_first, s_second);
        byte[] whole = File.ReadAllBytes(path);
        int second = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        foreach (int length in new[] { second, second + 1, (second + whole.Length) / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            using (OutcomeLog log = OutcomeLog.Open(path, Outcomes.Header))
            {
                Assert.Equal(1, log.Count);
                log.Add(s_second);
            }

            Assert.Equal(whole, File.ReadAllBytes(path));
        }
    }

    [Fact]
    public void A_broken_line_in_the_middle_is_an_error_with_its_number()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("log.jsonl");
        Write(path, s_first, s_second);
        string[] lines = File.ReadAllLines(path);
        foreach (string broken in new[] { "{", "{}", "", "null" })
        {
            File.WriteAllText(path, string.Join('\n', [lines[0], broken, lines[2], ""]));
            Assert.Contains("line 2", Assert.Throws<InputException>(() => OutcomeLog.Open(path, Outcomes.Header)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Results_of_another_model_or_cache_are_refused()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("log.jsonl");
        Write(path, s_first);
        Assert.Contains("another", Assert.Throws<InputException>(() => OutcomeLog.Open(path, Outcomes.Header with { Model = "other" })).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => OutcomeLog.Open(path, Outcomes.Header with { Kv = "F32" }));
        Assert.Throws<InputException>(() => OutcomeLog.Open(path, Outcomes.Header with { PageTokens = 16 }));
    }

    [Theory]
    [InlineData("a diary")]
    [InlineData("a diary\nof two lines\n")]
    [InlineData("{\"json\":true}\n")]
    public void A_file_that_is_something_else_is_left_as_it_is(string text)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("diary");
        File.WriteAllText(path, text);
        Assert.Throws<InputException>(() => OutcomeLog.Open(path, Outcomes.Header));
        Assert.Equal(text, File.ReadAllText(path));
    }

    [Fact]
    public void A_path_that_cannot_be_opened_is_an_error()
    {
        using TemporaryFolder folder = new();
        Assert.Throws<InputException>(() => OutcomeLog.Open(folder.Root, Outcomes.Header));
        Assert.Throws<InputException>(() => OutcomeLog.Open(Path.Combine(folder.Root, "no", "folder"), Outcomes.Header));
        string path = folder.File("log.jsonl");
        using OutcomeLog held = OutcomeLog.Open(path, Outcomes.Header);
        Assert.Throws<InputException>(() => OutcomeLog.Open(path, Outcomes.Header));
    }

    private static void Write(string path, params Outcome[] outcomes)
    {
        using OutcomeLog log = OutcomeLog.Open(path, Outcomes.Header);
        foreach (Outcome outcome in outcomes)
        {
            log.Add(outcome);
        }
    }
}
