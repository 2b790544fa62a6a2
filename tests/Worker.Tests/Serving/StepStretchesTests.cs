using KVCluster.Worker.Serving.Telemetry;

namespace KVCluster.Worker.Tests.Serving;

public class StepStretchesTests
{
    [Fact]
    public void Chunks_of_a_prompt_stand_alone_and_decode_steps_together()
    {
        var steps = new StepStretches();
        steps.Add(10, 20, 128, 3, decoding: false);
        steps.Add(20, 30, 50, 1, decoding: false);
        for (int i = 0; i < StepStretches.DecodeSteps + 1; i++)
        {
            steps.Add(30 + i, 31 + i, 1, 1 + (i % 5), decoding: true);
        }

        Assert.Equal(
            [
                new StepStretch(10, 20, 1, 128, 3, false),
                new StepStretch(20, 30, 1, 50, 1, false),
                new StepStretch(30, 62, 32, 32, 5, true),
                new StepStretch(62, 63, 1, 1, 3, true),
            ],
            steps.All);
    }

    [Fact]
    public void A_long_answer_has_few_stretches_that_hold_every_step()
    {
        var steps = new StepStretches();
        for (int i = 0; i < 100_000; i++)
        {
            steps.Add(i, i + 1, 1, 1, decoding: true);
        }

        Assert.InRange(steps.All.Count, 100, 140);
        Assert.Equal(100_000, steps.All.Sum(s => s.Steps));
        Assert.All(steps.All.Zip(steps.All.Skip(1)), pair => Assert.Equal(pair.First.Until, pair.Second.From));
    }

    [Fact]
    public void A_turn_that_is_computed_again_begins_another_stretch()
    {
        var steps = new StepStretches();
        steps.Add(1, 2, 1, 1, decoding: true);
        steps.Add(3, 4, 64, 1, decoding: false);
        steps.Add(5, 6, 1, 1, decoding: true);

        Assert.Equal([true, false, true], steps.All.Select(s => s.IsDecoding));
    }
}
