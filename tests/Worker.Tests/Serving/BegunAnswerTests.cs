using KVCluster.Inference;
using KVCluster.Inference.Sampling;
using KVCluster.Inference.Sampling.Constraints;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>Answers that go on behind tokens that another device made.</summary>
public sealed class BegunAnswerTests
{
    private const int Length = 24;

    public static TheoryData<string> Samplings => [.. Named.Keys];

    private static readonly Dictionary<string, SamplingOptions> Named = new()
    {
        ["greedy"] = new SamplingOptions { MaxTokens = Length },
        ["seeded"] = new SamplingOptions { MaxTokens = Length, Temperature = 1, Seed = 3 },
        ["filtered and penalised"] = new SamplingOptions
        {
            MaxTokens = Length,
            Temperature = 1.3f,
            TopP = 0.9f,
            Seed = 4,
            RepetitionPenalty = 1.3f,
            PresencePenalty = 0.5f,
            FrequencyPenalty = 0.2f,
        },
    };

    [Theory]
    [MemberData(nameof(Samplings))]
    public async Task An_answer_goes_on_behind_what_was_made_of_it_and_yields_that_again(string sampling)
    {
        SamplingOptions options = Named[sampling] with { LogitBias = new Dictionary<int, float> { [2] = -100 } };
        await using var serving = new ServingFixture(contextTokens: 1024);
        int[] document = serving.Document(sentences: 8);
        Completion whole = (await serving.Run(serving.Turn("whole", [], document, options))).Completion!;
        foreach (int begun in (int[])[0, 1, 9, Length - 1])
        {
            List<int> heard = [];
            TurnRequest rest = serving.Turn($"from {begun}", [.. document, .. whole.Tokens.Take(begun)], [], options) with { Begun = begun };
            TurnEnd end = await serving.Run(rest, piece => heard.Add(piece.Piece.Token));
            Assert.Equal(whole.Tokens, heard);
            Assert.Equal((whole.Text, whole.Reason), (end.Completion!.Text, end.Completion.Reason));
            Assert.Equal(whole.Tokens, end.Completion.Tokens);
        }

        await serving.AssertEmptyAfterClosing("whole", "from 0", "from 1", "from 9", $"from {Length - 1}");
    }

    [Fact]
    public async Task A_grammar_goes_on_where_it_stood()
    {
        await using var serving = new ServingFixture(contextTokens: 1024);
        var grammars = new TokenGrammars(serving.Model.Tokenizer, serving.Model.EndTokens);
        SamplingOptions options = Named["seeded"] with { Grammar = grammars.JsonObject() };
        int[] document = serving.Document(sentences: 8);
        Completion whole = (await serving.Run(serving.Turn("whole", [], document, options))).Completion!;
        int begun = whole.Tokens.Count / 2;
        TurnRequest rest = serving.Turn("rest", [.. document, .. whole.Tokens.Take(begun)], [], options) with { Begun = begun };
        Completion same = (await serving.Run(rest)).Completion!;
        Assert.Equal((whole.Text, whole.Reason), (same.Text, same.Reason));
        Assert.True(begun > 0 && whole.Text.StartsWith('{'), whole.Text);
    }

    [Fact]
    public async Task A_stop_string_is_found_across_the_cut()
    {
        await using var serving = new ServingFixture(contextTokens: 1024);
        int[] document = serving.Document(sentences: 8);
        Completion whole = (await serving.Run(serving.Turn("whole", [], document, Named["seeded"]))).Completion!;
        var options = Named["seeded"] with { StopStrings = [whole.Text[4..9]] };
        Completion stopped = (await serving.Run(serving.Turn("stopped", [], document, options))).Completion!;
        Assert.Equal(FinishReason.StopString, stopped.Reason);
        int begun = stopped.Tokens.Count - 1;
        TurnRequest rest = serving.Turn("rest", [.. document, .. stopped.Tokens.Take(begun)], [], options) with { Begun = begun };
        Completion same = (await serving.Run(rest)).Completion!;
        Assert.Equal((stopped.Text, stopped.Reason, stopped.StopString), (same.Text, same.Reason, same.StopString));
    }

    [Fact]
    public async Task What_cannot_be_gone_on_with_is_refused()
    {
        await using var serving = new ServingFixture(contextTokens: 1024);
        TurnRequest turn = serving.Turn("a", [1, 2, 3], [], Named["greedy"]);
        foreach (TurnRequest wrong in (TurnRequest[])
        [
            turn with { Begun = 4 }, turn with { Begun = -1 }, turn with { Begun = 1, Prompt = new[] { 5 } }, turn with { Begun = 1, Sampling = null },
            turn with { Begun = 3, Sampling = Named["greedy"] with { MaxTokens = 3 } },
        ])
        {
            await Assert.ThrowsAsync<InputException>(() => serving.Run(wrong));
        }

        serving.AssertUntouched();
    }
}
