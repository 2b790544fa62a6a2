using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>A device whose pages suffice but whose memory for a step's activations does not.</summary>
public sealed class ShortDeviceTests
{
    [Fact]
    public async Task A_turn_that_no_step_can_be_run_for_is_refused_and_the_worker_goes_on()
    {
        await using var serving = new ServingFixture(watched: true);
        serving.Watched.BeforeForward = _ => throw new ArenaFullException(1, serving.Ledger());
        await Assert.ThrowsAsync<DeviceBusyException>(() => serving.Run(serving.Turn("a", [], serving.Document())));
        serving.Watched.BeforeForward = _ => { };
        Assert.Equal(NeedleFixture.Answer, (await serving.Run(serving.Turn("b", [], serving.Document()))).Completion!.Text);
        await serving.AssertEmptyAfterClosing("a", "b");
    }

    [Fact]
    public async Task Where_two_turns_are_too_many_one_is_refused_and_the_other_ends()
    {
        await using var serving = new ServingFixture(watched: true);
        serving.Watched.BeforeForward = batch =>
        {
            if (batch.Count > 1)
            {
                throw new ArenaFullException(1, serving.Ledger());
            }
        };
        int[] prompt = serving.Document();
        Task<TurnEnd>[] turns = [serving.Run(serving.Turn("a", [], prompt)), serving.Run(serving.Turn("b", [], prompt))];
        await Task.WhenAll(turns).ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.Contains(turns, t => t.IsCompletedSuccessfully && t.Result.Completion!.Text == NeedleFixture.Answer);
        Assert.All(turns.Where(t => t.IsFaulted), t => Assert.IsType<DeviceBusyException>(t.Exception!.InnerException));
        await serving.AssertEmptyAfterClosing("a", "b");
    }

    [Fact]
    public async Task An_answer_under_way_ends_with_what_it_has()
    {
        await using var serving = new ServingFixture(watched: true);
        int steps = 0;
        serving.Watched.BeforeForward = batch =>
        {
            if (batch[0].Tokens.Length == 1 && ++steps > 3)
            {
                throw new ArenaFullException(1, serving.Ledger());
            }
        };
        TurnEnd end = await serving.Run(serving.Turn("a", [], serving.Document()));
        Assert.Equal(FinishReason.ArenaFull, end.Completion!.Reason);
        Assert.NotEmpty(end.Completion.Tokens);
    }
}
