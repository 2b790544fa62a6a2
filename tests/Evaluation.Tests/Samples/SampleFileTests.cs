using System.Text;
using KVCluster.Evaluation.Samples;
using KVCluster.Inference;
using KVCluster.TestSupport;

namespace KVCluster.Evaluation.Tests.Samples;

public sealed class SampleFileTests
{
    private const string Single =
        """{"task":"t","length":64,"index":3,"context":"c","question":"q?","answer_prefix":"p","expected":["a","b"],"max_new_tokens":7,"more":1}""";

    private const string Turns =
        """{"task":"t","length":64,"number":1,"turns":[{"user":"doc\n\nmore\n\nQuestion: q?","reference":"abcde","expected":["a"]},{"user":"r?","expected":["b"]}]}""";

    [Fact]
    public void A_line_with_one_question_is_read()
    {
        Sample sample = Assert.Single(Read(Single));
        Assert.Equal(("t", 64, 3, "c"), (sample.Task, sample.Length, sample.Index, sample.Context));
        SampleQuestion question = Assert.Single(sample.Questions);
        Assert.Equal(("q?", "p", 7, 7), (question.Text, question.AnswerPrefix, question.MaxNewTokens, question.AnswerRoom));
        Assert.Equal(["a", "b"], question.Expected);
    }

    [Fact]
    public void A_line_with_turns_is_cut_at_the_last_blank_line()
    {
        Sample sample = Assert.Single(Read(Turns));
        Assert.Equal("doc\n\nmore", sample.Context);
        Assert.Equal(["\n\nQuestion: q?", "r?"], sample.Questions.Select(q => q.Text));
        Assert.Equal([6, 1], sample.Questions.Select(q => q.AnswerRoom));
        Assert.Equal(1, sample.Index);
    }

    [Fact]
    public void The_id_names_the_content()
    {
        string[] lines =
        [
            Single, Single.Replace("q?", "r?"), Single.Replace("\"p\"", "\"\""), Single.Replace("\"b\"", "\"c\""), Single.Replace("64", "65"), Turns,
        ];
        Assert.Equal(lines.Length, lines.Select(l => Read(l)[0].Id).Distinct().Count());
        Assert.Equal(Read(Single)[0].Id, Read(Single)[0].Id);
    }

    [Theory]
    [InlineData("{\"task\":", "broken JSON")]
    [InlineData("[1]", "not a JSON object")]
    [InlineData("{\"length\":1}", "'context' is missing")]
    [InlineData("""{"task":1,"length":1,"index":0,"context":"c","question":"q","expected":["a"]}""", "'task' is number, not string")]
    [InlineData("""{"task":"t","length":1,"index":0,"context":"","question":"q","expected":["a"]}""", "'context' is empty")]
    [InlineData("""{"task":"t","length":1,"index":0,"context":"c","question":" ","expected":["a"]}""", "'question' is blank")]
    [InlineData("""{"task":"t","length":1,"index":0,"context":"c","question":"q","expected":[]}""", "'expected' is empty")]
    [InlineData("""{"task":"t","length":1,"index":0,"context":"c","question":"q","expected":[""]}""", "not a string with text")]
    [InlineData("""{"task":"t","length":1.5,"index":0,"context":"c","question":"q","expected":["a"]}""", "'length' is not a whole number from 1")]
    [InlineData("""{"task":"t","length":1,"index":-1,"context":"c","question":"q","expected":["a"]}""", "'index' is not a whole number from 0")]
    [InlineData("""{"task":"t","length":1,"index":0,"context":"c","question":"q","expected":["a"],"max_new_tokens":0}""", "'max_new_tokens'")]
    [InlineData("""{"task":"t","length":1,"number":0,"turns":[]}""", "'turns' is not an array of at least one turn")]
    [InlineData("""{"task":"t","length":1,"number":0,"turns":[7]}""", "'user' is missing")]
    [InlineData("""{"task":"t","length":1,"number":0,"turns":[{"user":"no blank line","expected":["a"]}]}""", "no blank line")]
    public void A_broken_line_is_an_error_with_its_number(string line, string fault)
    {
        InputException error = Assert.Throws<InputException>(() => Read($"{Single}\n\n{line}\n{Single}"));
        Assert.StartsWith("file, line 3: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", error.Message, StringComparison.Ordinal);
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_absent_empty_or_no_text_is_an_error()
    {
        using TemporaryFolder folder = new();
        Assert.Throws<InputException>(() => SampleFile.Read(folder.File("absent"), t => t.Length));
        File.WriteAllText(folder.File("empty"), "\n\n");
        Assert.Contains("no sample", Assert.Throws<InputException>(() => SampleFile.Read(folder.File("empty"), t => t.Length)).Message, StringComparison.Ordinal);
        byte[] line = Encoding.UTF8.GetBytes(Single);
        File.WriteAllBytes(folder.File("bytes"), [.. line, 10, 10, 123, 255, 254, 10, .. line]);
        InputException error = Assert.Throws<InputException>(() => SampleFile.Read(folder.File("bytes"), t => t.Length));
        Assert.Contains("bytes, line 3: not UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Goldens")]
    public void Every_recorded_file_is_read()
    {
        foreach ((string folder, string pattern) in new[] { ("smollm2/ruler", "*.jsonl"), ("needle", "*-*.jsonl") })
        {
            string path = Path.Combine(TestPaths.Goldens, folder);
            foreach (string file in Directory.Exists(path) ? Directory.EnumerateFiles(path, pattern) : [])
            {
                IReadOnlyList<Sample> samples = SampleFile.Read(file, t => t.Length);
                Assert.Equal(File.ReadLines(file).Count(), samples.Count);
                Assert.Equal(samples.Count, samples.Select(s => s.Id).Distinct().Count());
            }
        }
    }

    private static IReadOnlyList<Sample> Read(string text) => SampleFile.Read(new StringReader(text), "file", t => t.Length);
}
