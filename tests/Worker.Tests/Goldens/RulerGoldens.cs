using System.Text.Json;
using KVCluster.Inference.Tokenization;
using KVCluster.TestSupport;
using Xunit.Abstractions;

namespace KVCluster.Worker.Tests.Goldens;

/// <summary>RULER-style samples on SmolLM2: how prompts are framed, and the answers with the whole cache.</summary>
[Trait("Category", "Goldens")]
public sealed class RulerGoldens(ITestOutputHelper output)
{
    private const string Samples = "smollm2/ruler";
    private const string Answers = "smollm2/full_cache.json";

    /// <summary>Prompt tokens a usual run covers: the first sample of each task, shortest first, as far as they go.</summary>
    private const int Budget = 5000;

    [GoldenFact(Samples, needsSmolLm2: true)]
    public void Prompts_are_cut_into_context_and_question_as_kvpress_does()
    {
        using LocalModel model = GoldenFiles.OpenSmolLm2(32);
        var framing = new ChatFraming(model);
        int checkedSamples = 0;
        foreach (string file in GoldenFiles.Files(Samples, "*.jsonl"))
        {
            foreach (JsonElement sample in GoldenFiles.Lines(GoldenFiles.Path(Samples, file)))
            {
                (int[] context, int[] question) = Frame(framing, sample);
                Assert.Equal(sample.GetProperty("context_tokens").GetInt32(), context.Length);
                Assert.Equal(sample.GetProperty("question_tokens").GetInt32(), question.Length);
                checkedSamples++;
            }
        }

        Assert.True(checkedSamples > 0);
        output.WriteLine($"{checkedSamples} prompts");
    }

    [GoldenFact(Answers, needsSmolLm2: true)]
    public void Answers_with_the_whole_cache_are_the_references()
    {
        if (!Directory.Exists(GoldenFiles.Path(Samples)))
        {
            output.WriteLine("not run: the answers are there, their prompts are not");
            return;
        }

        (JsonElement Sample, int[] Answer)[] cases = [.. Cases()];
        Assert.NotEmpty(cases);
        using LocalModel model = GoldenFiles.OpenSmolLm2(cases.Max(c => c.Sample.GetProperty("length").GetInt32()) + 256);
        var framing = new ChatFraming(model);
        int nearTies = 0;
        foreach ((JsonElement sample, int[] answer) in cases)
        {
            (int[] context, int[] question) = Frame(framing, sample);
            var conversation = new Conversation(model);
            try
            {
                conversation.Append(context);
                conversation.Append(question);
                nearTies += AnswerCheck.Follow(ref conversation, answer, Name(sample)) == AnswerOutcome.NearTie ? 1 : 0;
            }
            finally
            {
                conversation.Dispose();
            }
        }

        output.WriteLine($"{cases.Length} answers equal, {nearTies} of them up to a near tie");
    }

    private static IEnumerable<(JsonElement Sample, int[] Answer)> Cases()
    {
        Dictionary<string, JsonElement> samples = GoldenFiles.Files(Samples, "*.jsonl")
            .SelectMany(file => GoldenFiles.Lines(GoldenFiles.Path(Samples, file)))
            .ToDictionary(Name);
        var found = GoldenFiles.Json(Answers).GetProperty("samples").EnumerateArray()
            .Where(answered => samples.ContainsKey(Name(answered)))
            .Select(answered => (Sample: samples[Name(answered)], Answer: GoldenFiles.Integers(answered.GetProperty("answer_ids"))))
            .ToArray();
        if (GoldenFiles.AllSamples)
        {
            return found;
        }

        int budget = Budget;
        return found
            .GroupBy(c => (c.Sample.GetProperty("task").GetString(), c.Sample.GetProperty("length").GetInt32()))
            .Select(group => group.First())
            .OrderBy(c => c.Sample.GetProperty("context_tokens").GetInt32())
            .Where((c, i) => (budget -= c.Sample.GetProperty("context_tokens").GetInt32()) >= 0 || i == 0);
    }

    private static string Name(JsonElement sample) =>
        $"{sample.GetProperty("task")}_{sample.GetProperty("length")} {sample.GetProperty("index")}";

    private static (int[] Context, int[] Question) Frame(ChatFraming framing, JsonElement sample) => framing.FirstTurn(
        null,
        sample.GetProperty("context").GetString(),
        sample.GetProperty("question").GetString()!,
        sample.GetProperty("answer_prefix").GetString()!);
}
