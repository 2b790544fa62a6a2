using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Samples;
using KVCluster.Evaluation.Tasks;
using KVCluster.Inference;
using KVCluster.Worker;

namespace KVCluster.Evaluation.Tests.Tasks;

/// <summary>Every task, with the bundled model's tokenizer and frame.</summary>
[Collection(NeedleGroup.Name)]
public sealed class SampleMakerTests(NeedleFixture needle)
{
    private const int Length = 1024;

    public static TheoryData<string> Names => [.. EvaluationTasks.All.Select(t => t.Name)];

    public static TheoryData<string> MultiTurnNames => [.. EvaluationTasks.All.Where(t => t.ManyQuestions).Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_seed_gives_the_same_sample_and_another_another(string name)
    {
        Sample sample = Make(name, index: 1);
        Assert.Equal(sample.Id, Make(name, index: 1).Id);
        Assert.NotEqual(sample.Context, Make(name, index: 2).Context);
        Assert.NotEqual(sample.Context, Make(name, index: 1, seed: 8).Context);
        Assert.Equal((name, Length, 1), (sample.Task, sample.Length, sample.Index));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_sample_fills_its_length_and_no_more(string name)
    {
        foreach (int length in new[] { 768, Length })
        {
            Sample sample = Make(name, length: length);
            int tokens = TokensOf(sample, EvaluationProtocol.KvPress);
            Assert.InRange(tokens, length - 120, length);
        }
    }

    [Theory]
    [MemberData(nameof(MultiTurnNames))]
    public void A_multi_turn_sample_asks_different_questions_within_its_length(string name)
    {
        Sample sample = Make(name, length: 2048, protocol: EvaluationProtocol.MultiTurn);
        Assert.True(sample.Questions.Count >= SampleMaker.TurnsPerSample);
        Assert.Equal(sample.Questions.Count, sample.Questions.Select(q => q.Text).Distinct().Count());
        Assert.InRange(TokensOf(sample, EvaluationProtocol.MultiTurn), 2048 - 160, 2048);
    }

    [Theory]
    [InlineData("niah-single-noise", 1, 1)]
    [InlineData("niah-single-essay", 1, 1)]
    [InlineData("niah-single-needles", 1, 1)]
    [InlineData("niah-multikey-noise", 1, 1)]
    [InlineData("niah-multikey-essay", 1, 1)]
    [InlineData("niah-multikey-needles", 1, 1)]
    [InlineData("niah-multivalue", 4, 1)]
    [InlineData("niah-multiquery", 4, 1)]
    [InlineData("common-words", 10, CommonWordsTask.Occurrences)]
    [InlineData("needle-multiquery", 3, null)]
    public void What_is_expected_occurs_as_often_as_it_should(string name, int expected, int? occurrences)
    {
        for (int index = 0; index < 3; index++)
        {
            Sample sample = Make(name, index: index);
            SampleQuestion question = Assert.Single(sample.Questions);
            Assert.Equal(expected, question.Expected.Count);
            Assert.All(question.Expected, e => Assert.True(
                occurrences is { } n ? Count(sample.Context, e) == n : Count(sample.Context, e) >= 1, $"{e} in {sample.Context}"));
            Assert.All(question.Expected, e => Assert.DoesNotContain(e, question.Text, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public void A_variable_occurs_where_it_is_set_and_where_it_is_handed_on()
    {
        Sample sample = Make("variable-tracking");
        IReadOnlyList<string> names = sample.Questions[0].Expected;
        Assert.Equal([2, 2, 2, 2, 1], names.Select(n => Count(sample.Context, n)));
        int[] places = [.. names.Select(n => sample.Context.IndexOf($"Variable {n} is set", StringComparison.Ordinal))];
        Assert.Equal(places.Order(), places);
    }

    [Fact]
    public void The_words_asked_for_are_the_most_frequent()
    {
        foreach (string name in new[] { "common-words", "frequent-words" })
        {
            Sample sample = Make(name);
            string list = sample.Context.Split("\n\n")[1];
            IReadOnlyList<string> expected = sample.Questions[0].Expected;
            var counts = list.Split((char[])[' ', '\n', '.'], StringSplitOptions.RemoveEmptyEntries)
                .Where(w => !char.IsAsciiDigit(w[0]))
                .GroupBy(w => w)
                .ToDictionary(g => g.Key, g => g.Count());
            int least = expected.Min(e => counts[e]);
            Assert.All(counts.Where(c => !expected.Contains(c.Key)), c => Assert.True(c.Value < least, c.Key));
        }
    }

    [Fact]
    public void Needle_facts_are_told_once_and_absent_ones_not_at_all()
    {
        foreach (string name in new[] { "needle-single", "needle-multikey", "needle-crowded", "needle-turns", "needle-absent" })
        {
            Sample sample = Make(name);
            foreach (SampleQuestion question in sample.Questions)
            {
                string key = sample.Context + question.Text;
                string asked = question.Text.Split([' ', '?', '.', ',', '\n'], StringSplitOptions.RemoveEmptyEntries).Single(w => w.Contains('-', StringComparison.Ordinal));
                Assert.True(Evaluation.Tasks.Needle.NeedleFacts.IsHeldOut(asked), key);
                string pattern = $" for {asked} is {(name == "needle-absent" ? "" : question.Expected[0] + ".")}";
                Assert.Equal(name == "needle-absent" ? 0 : 1, Count(sample.Context, pattern));
            }
        }
    }

    [Fact]
    public void The_answer_of_a_guide_book_question_stands_in_its_entry()
    {
        for (int index = 0; index < 6; index++)
        {
            Sample sample = Make("question-answering", index: index);
            SampleQuestion question = sample.Questions[0];
            string house = question.Text[(question.Text.LastIndexOf("the ", StringComparison.Ordinal) + 4)..].TrimEnd('?');
            string name = house.Replace(" founded", "", StringComparison.Ordinal).Replace(" closed", "", StringComparison.Ordinal);
            string entry = Assert.Single(sample.Context.Split("\n\n"), p => p.StartsWith($"The {name} ", StringComparison.Ordinal));
            Assert.Contains(question.Expected[0], entry, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_length_beyond_the_models_context_is_refused()
    {
        SampleMaker maker = new(needle.Model, 7, EvaluationProtocol.KvPress);
        int context = needle.Model.Config.ContextLength;
        string message = Assert.Throws<InputException>(() => maker.Make(EvaluationTasks.All, [Length, context + 1], 1)).Message;
        Assert.Contains($"{context} tokens", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_length_too_short_for_a_task_is_refused() =>
        Assert.Contains("too short", Assert.Throws<InputException>(() => Make("frequent-words", length: 64)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_task_of_one_question_is_no_multi_turn_task()
    {
        SampleMaker maker = new(needle.Model, 7, EvaluationProtocol.MultiTurn);
        string message = Assert.Throws<InputException>(() => maker.Make([EvaluationTasks.Find("common-words")], [Length], 1)).Message;
        Assert.Contains("niah-multikey-essay", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_task_lists_the_valid_ones()
    {
        string message = Assert.Throws<InputException>(() => EvaluationTasks.Find("niah")).Message;
        Assert.All(EvaluationTasks.All, t => Assert.Contains(t.Name, message, StringComparison.Ordinal));
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private Sample Make(
        string name, int index = 0, ulong seed = 7, int length = Length, EvaluationProtocol protocol = EvaluationProtocol.KvPress) =>
        new SampleMaker(needle.Model, seed, protocol).Make(EvaluationTasks.Find(name), length, index);

    private int TokensOf(Sample sample, EvaluationProtocol protocol) =>
        new SamplePrompts(needle.Model, new ChatFraming(needle.Model), sample, protocol).TotalTokens;
}
