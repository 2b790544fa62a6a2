using KVCluster.Inference.Backend;
using KVCluster.Inference.Sampling;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>Turns that share steps.</summary>
public sealed class BatchingTests
{
    [Fact]
    public async Task Eight_sessions_together_say_what_each_says_alone()
    {
        await using var serving = new ServingFixture(watched: true);
        int together = 0;
        serving.Watched.BeforeForward = batch => together = Math.Max(together, batch.Count);
        SamplingOptions options = NeedleFixture.Greedy with { LogProbabilities = 5 };
        int[][] prompts = [.. Enumerable.Range(0, 8).Select(i => serving.Document(
            i % 2 == 0 ? NeedleFixture.Question : NeedleFixture.SecondQuestion, 10 + (4 * i)))];
        List<GeneratedPiece>[] alone = [.. prompts.Select(_ => new List<GeneratedPiece>())];
        List<GeneratedPiece>[] mixed = [.. prompts.Select(_ => new List<GeneratedPiece>())];
        for (int i = 0; i < prompts.Length; i++)
        {
            await serving.Run(serving.Turn($"alone{i}", [], prompts[i], options), piece => alone[i].Add(piece.Piece));
        }

        Assert.Equal(1, together);
        await Task.WhenAll(prompts.Select((prompt, i) => serving.Run(
            serving.Turn($"mixed{i}", [], prompt, options), piece => mixed[i].Add(piece.Piece))));
        Assert.True(together > 4);
        for (int i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(alone[i].Select(p => p.Token), mixed[i].Select(p => p.Token));
            foreach ((GeneratedPiece one, GeneratedPiece other) in alone[i].Zip(mixed[i]))
            {
                Assert.Equal(one.LogProbability!.Value, other.LogProbability!.Value, 2e-4);
            }
        }
    }

    [Fact]
    public async Task A_long_prompt_delays_those_who_decode_by_one_chunk_at_most()
    {
        const int Chunk = 24;
        await using var serving = new ServingFixture(ServingFixture.Plain with { PrefillChunkTokens = Chunk }, watched: true);
        List<(int Decoding, int Prompt)> steps = [];
        serving.Watched.BeforeForward = batch => steps.Add((
            batch.Count(r => r.Tokens.Length == 1 && r.Cache.LogicalLength > 50),
            batch.Where(r => r.Tokens.Length > 1 || r.Cache.LogicalLength <= 50).Sum(r => r.Tokens.Length)));
        using ManualResetEventSlim go = serving.HoldDecoding();
        int[] prompt = serving.Document(sentences: 60);
        Task<TurnEnd>? late = null;
        await serving.Run(
            serving.Turn("a", [], serving.Document(), NeedleFixture.Greedy with { MaxTokens = 60, Temperature = 50, Seed = 11 }),
            _ =>
            {
                late ??= serving.Run(serving.Turn("b", [], prompt));
                go.Set();
            });
        await late!;
        (int Decoding, int Prompt)[] mixed = [.. steps.Where(s => s.Decoding > 0 && s.Prompt > 0)];
        Assert.True(mixed.Length >= prompt.Length / Chunk / 2, $"{mixed.Length} mixed steps");
        Assert.All(mixed, step => Assert.InRange(step.Prompt, 1, Chunk));
    }

    [Fact]
    public async Task A_short_prompt_overtakes_a_long_one()
    {
        await using var serving = new ServingFixture(ServingFixture.Plain with { FairShareTokens = 32 }, watched: true);
        using var begun = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        serving.Watched.BeforeForward = _ =>
        {
            begun.Set();
            Assert.True(go.Wait(ServingFixture.Patience));
        };
        Task<TurnEnd> large = serving.Run(serving.Append("long", [], serving.Document(sentences: 120)));
        Assert.True(begun.Wait(ServingFixture.Patience));
        Task<TurnEnd> small = serving.Run(serving.Append("short", [], serving.Document(sentences: 8)));
        go.Set();
        Assert.Same(small, await Task.WhenAny(large, small));
        await large;
    }

    [Fact]
    public async Task Sampling_is_each_turns_own()
    {
        await using var serving = new ServingFixture();
        int[] document = serving.Document();
        SamplingOptions hot = NeedleFixture.Greedy with { Temperature = 3, Seed = 7, MaxTokens = 24 };
        TurnEnd alone = await serving.Run(serving.Turn("a", [], document, hot));
        Task<TurnEnd>[] together =
        [
            serving.Run(serving.Turn("b", [], document, hot)),
            serving.Run(serving.Turn("c", [], document, hot with { Seed = 8 })),
            serving.Run(serving.Turn("d", [], document, NeedleFixture.Greedy with { StopStrings = ["falcon"] })),
        ];
        TurnEnd[] ends = await Task.WhenAll(together);
        Assert.Equal(alone.Completion!.Tokens, ends[0].Completion!.Tokens);
        Assert.NotEqual(alone.Completion.Tokens, ends[1].Completion!.Tokens);
        Assert.Equal((FinishReason.StopString, "The gate code for amber-"), (ends[2].Completion!.Reason, ends[2].Completion!.Text));
    }

    [Fact]
    public async Task More_sessions_than_a_step_has_rows_all_go_on()
    {
        await using var serving = new ServingFixture(maxBatchTokens: 4);
        int[] prompt = serving.Framing.FirstTurn(null, null, NeedleFixture.Question).Question;
        TurnEnd[] ends = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => serving.Run(
            serving.Turn($"s{i}", [], prompt, NeedleFixture.Greedy with { MaxTokens = 8 }))));
        Assert.All(ends, end => Assert.Equal(ends[0].Completion!.Tokens, end.Completion!.Tokens));
    }
}
