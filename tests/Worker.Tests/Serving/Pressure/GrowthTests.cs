using KVCluster.Compression.Pressure;
using KVCluster.Inference.Sampling;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>Answers, and prompts, that outgrow the memory there is.</summary>
public sealed class GrowthTests
{
    [Theory]
    [InlineData(1 << 19)]
    [InlineData(0)]
    public async Task An_answer_that_outgrows_the_arena_is_cut_as_it_grows_and_goes_on(long rankedAtOnce)
    {
        await using var pressed = new PressedFixture(256, options: ServingFixture.Plain with { SlotsRankedAtOnce = rankedAtOnce });
        SamplingOptions sampling = PressedFixture.Long with { MaxTokens = 700 };
        TurnEnd end = await pressed.Serving.Run(pressed.Serving.Turn("a", [], PressedFixture.Tokens(100), sampling));
        Assert.Equal((FinishReason.MaxTokens, 700), (end.Completion!.Reason, end.Completion.Tokens.Count));
        ResidentSession session = await pressed.Describe("a");
        Assert.Equal(799, session.Tokens);
        Assert.All(session.Lengths, length => Assert.InRange(length, 20, 799));
        Assert.InRange(session.Lengths.Average(), 20, 256);
        Assert.NotEmpty(pressed.Events(ReliefKind.Compress));
        Assert.Single(session.Compressions);
        Assert.Equal(end.Compressions, session.Compressions);
        Assert.InRange(session.Compressions[0].DroppedMass!.Value, 0.01, 1);

        // The conversation goes on from there.
        int[] history = [.. PressedFixture.Tokens(100), .. end.Completion.Tokens];
        TurnEnd next = await pressed.Serving.Run(pressed.Serving.Turn("a", history, [5, 6, 7], sampling with { MaxTokens = 5 }));
        Assert.Equal((AttachSource.Resident, 5), (next.Attach.Source, next.Completion!.Tokens.Count));
    }

    [Theory]
    [InlineData(1 << 19)]
    [InlineData(0)]
    public async Task A_prompt_longer_than_the_arena_is_cut_as_it_is_read(long rankedAtOnce)
    {
        await using var pressed = new PressedFixture(256, options: ServingFixture.Plain with { SlotsRankedAtOnce = rankedAtOnce });
        await pressed.Read("a", 1000);
        ResidentSession session = await pressed.Describe("a");
        Assert.Equal(1000, session.Tokens);
        Assert.All(pressed.Events(ReliefKind.Compress), e => Assert.Equal("tenant/a", e.Session.ToString()));
        Assert.Contains(pressed.Status.Events, e => e.Cause == ReliefCauses.GrowingAnswer);
        await Assert.ThrowsAsync<Inference.InputException>(async () =>
            await pressed.Serving.Worker.RestoreAsync(new AttachRequest(ServingFixture.Key("a"), 1, PressedFixture.Tokens(1000)), default));
        Assert.Equal(1000, (await pressed.Describe("a")).Tokens);
    }

    [Theory]
    [InlineData(180)]
    [InlineData(120)]
    public async Task A_conversation_whose_copy_and_prompt_exceed_the_lease_goes_on_and_is_cut_as_it_goes(int leasePages)
    {
        await using var pressed = new PressedFixture(512, store: new MemorySnapshotStore(), options: ServingFixture.Plain with { MaxWait = TimeSpan.FromMinutes(5) });
        await pressed.Read("a", 300);
        await pressed.Serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default);
        pressed.Pressure.Apply(new DeviceTerms(leasePages * pressed.Serving.Ledger().PageBytes));

        // 160 pages of copy; 208 with the prompt and what is set aside for the answer.
        TurnEnd end = await pressed.Serving.Run(
            pressed.Serving.Turn("a", PressedFixture.Tokens(300), PressedFixture.Tokens(100, 1), PressedFixture.Long with { MaxTokens = 20 }));

        Assert.Equal(20, end.Completion!.Tokens.Count);
        Assert.NotEmpty(pressed.Events(ReliefKind.Compress));
    }

    [Theory]
    [InlineData(1 << 19)]
    [InlineData(0)]
    public async Task All_sessions_generating_at_once_get_through(long rankedAtOnce)
    {
        await using var pressed = new PressedFixture(768, options: ServingFixture.Plain with
        {
            AnswerReserveTokens = 32,
            MaxWait = TimeSpan.FromMinutes(5),
            SlotsRankedAtOnce = rankedAtOnce,
        });
        TurnEnd[] ends = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => pressed.Serving.Run(
            pressed.Serving.Turn($"s{i}", [], PressedFixture.Tokens(90, i), PressedFixture.Long with { MaxTokens = 200 }))));
        Assert.All(ends, end => Assert.Equal((FinishReason.MaxTokens, 200), (end.Completion!.Reason, end.Completion.Tokens.Count)));
        Assert.True(pressed.Status.UsedBytes <= pressed.Serving.Ledger().TotalBytes);
        Assert.Contains(pressed.Events(ReliefKind.Compress), e => e.DroppedMass > 0);
    }

    [Fact]
    public async Task A_session_that_grows_faster_than_cutting_frees_ends_its_answer_and_others_go_on()
    {
        DevicePressureOptions options = PressedFixture.Usual with { Floors = new SessionFloors { MinimumPerHead = 100_000 } };
        await using var pressed = new PressedFixture(256, options);
        SamplingOptions sampling = PressedFixture.Long with { MaxTokens = 700 };
        TurnEnd end = await pressed.Serving.Run(pressed.Serving.Turn("a", [], PressedFixture.Tokens(100), sampling));
        Assert.Equal(FinishReason.ArenaFull, end.Completion!.Reason);
        Assert.InRange(end.Completion.Tokens.Count, 100, 192);
        Assert.Empty(pressed.Events(ReliefKind.Compress));
        Assert.Equal(200, (await pressed.Read("b", 200)).Attach.CachedTokens + 200);
    }

    [Fact]
    public async Task A_turn_that_fails_after_its_cache_was_cut_leaves_the_history_before_it()
    {
        await using var pressed = new PressedFixture(256, watched: true);
        await pressed.Read("a", 100);
        using var cancel = new CancellationTokenSource();
        SamplingOptions sampling = PressedFixture.Long with { MaxTokens = 700 };
        int pieces = 0;
        int steps = 0;

        // The answer does not end before its reader has left.
        pressed.Serving.Watched.BeforeForward = _ =>
            Assert.True(++steps < 600 || cancel.Token.WaitHandle.WaitOne(ServingFixture.Patience));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pressed.Serving.Run(
            pressed.Serving.Turn("a", PressedFixture.Tokens(100), [5], sampling),
            _ =>
            {
                if (++pieces == 400)
                {
                    cancel.Cancel();
                }
            },
            cancel.Token));
        await pressed.Settled(() => pressed.Serving.Worker.Status().Running == 0);
        Assert.Equal(100, (await pressed.Describe("a")).Tokens);
        TurnEnd end = await pressed.Serving.Run(pressed.Serving.Turn("a", PressedFixture.Tokens(100), [5], sampling with { MaxTokens = 3 }));
        Assert.Equal(3, end.Completion!.Tokens.Count);
    }
}
