using System.Text.Json;
using KVCluster.TestSupport;
using Xunit.Abstractions;

namespace KVCluster.Worker.Tests.Goldens;

/// <summary>The bundled model's own answers to its evaluation samples, whole cache, float32.</summary>
[Trait("Category", "Goldens")]
public sealed class NeedleGoldens(NeedleFixture needle, ITestOutputHelper output) : IClassFixture<NeedleFixture>
{
    private const string Part = "needle";

    /// <summary>Prompt tokens of one file that a usual run covers, whole samples.</summary>
    private const int TokensPerFile = 12_000;

    /// <summary>Tokens at which the reference's answers were cut (training/evaluate.py).</summary>
    private const int AnswerLimit = 128;

    public static TheoryData<string> Cases() => new(GoldenFiles.Files(Part, "*.jsonl")
        .Where(file => GoldenFiles.Lines(GoldenFiles.Path(Part, file)).FirstOrDefault() is { ValueKind: JsonValueKind.Object } line
            && line.TryGetProperty("turns", out _)));

    [GoldenTheory(Part)]
    [MemberData(nameof(Cases))]
    public void Answers_are_the_references(string file)
    {
        JsonElement[] samples = [.. GoldenFiles.Lines(GoldenFiles.Path(Part, file))];
        int budget = GoldenFiles.AllSamples ? int.MaxValue : TokensPerFile;
        int done = 0;
        int turns = 0;
        int nearTies = 0;
        int cut = 0;
        foreach (JsonElement sample in samples)
        {
            budget -= sample.GetProperty("tokens").GetInt32();
            if (done > 0 && budget < 0)
            {
                break;
            }

            AnswerOutcome[] outcomes = [.. Check(sample, $"{file} sample {sample.GetProperty("number")}")];
            turns += outcomes.Length;
            nearTies += outcomes.Count(outcome => outcome == AnswerOutcome.NearTie);
            cut += outcomes.Count(outcome => outcome == AnswerOutcome.ContextFull);
            done++;
        }

        Assert.True(turns > 0);
        output.WriteLine(
            $"{file}: {turns} answers of {done} of {samples.Length} samples equal, {nearTies} of them up to a near tie, "
            + $"{cut} up to the end of the context");
    }

    private List<AnswerOutcome> Check(JsonElement sample, string what)
    {
        int end = needle.Model.Tokenizer.FindToken("<|im_end|>")!.Value;
        var conversation = new Conversation(needle.Model);
        List<AnswerOutcome> outcomes = [];
        bool ended = false;
        try
        {
            foreach (JsonElement turn in sample.GetProperty("turns").EnumerateArray())
            {
                string user = turn.GetProperty("user").GetString()!;
                conversation.Append(outcomes.Count == 0
                    ? needle.Framing.FirstTurn(null, null, user).Question
                    : needle.Framing.NextTurn(user, ended));
                int[] answer = GoldenFiles.Integers(turn.GetProperty("answer_tokens"));
                ended = answer.Length < AnswerLimit;
                int[] expected = ended ? [.. answer, end] : answer;
                outcomes.Add(AnswerCheck.Follow(ref conversation, expected, $"{what}, turn {outcomes.Count}"));
                if (outcomes[^1] == AnswerOutcome.ContextFull)
                {
                    break;
                }
            }
        }
        finally
        {
            conversation.Dispose();
        }

        return outcomes;
    }
}
