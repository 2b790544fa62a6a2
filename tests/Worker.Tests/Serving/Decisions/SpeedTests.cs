using KVCluster.Compression.Pressure.Admission;
using KVCluster.Worker.Serving.Decisions;

namespace KVCluster.Worker.Tests.Serving.Decisions;

public sealed class SpeedTests
{
    [Fact]
    public void Speeds_are_nothing_before_the_first_measurement()
    {
        var meter = new SpeedMeter();
        Assert.Equal((0, 0, 0), (meter.PrefillTokensPerSecond, meter.DecodeTokensPerSecond, meter.LoadBytesPerSecond));
        meter.Load(0, 0);
        meter.Step(0, 0, 0);
        Assert.Equal(0, meter.LoadBytesPerSecond);
    }

    [Fact]
    public void Old_measurements_fade()
    {
        var meter = new SpeedMeter();
        meter.Load(1000, 1);
        Assert.Equal(1000, meter.LoadBytesPerSecond, 6);
        for (int i = 0; i < 30; i++)
        {
            meter.Load(4000, 1);
        }

        Assert.InRange(meter.LoadBytesPerSecond, 3990, 4000);
    }

    [Fact]
    public void A_save_of_what_a_turn_added_says_nothing_of_how_long_a_whole_cache_takes()
    {
        var meter = new SpeedMeter();
        meter.Save(1_000_000, 500_000, 500_000, 1);
        Assert.Equal(1_000_000, meter.SaveBytesPerSecond, 6);
        for (int i = 0; i < 30; i++)
        {
            meter.Save(1_000_000, 1_000, 500_000, 1);
            meter.Save(1_000_000, 0, 500_000, 1);
        }

        Assert.Equal(1_000_000, meter.SaveBytesPerSecond, 6);
    }

    [Fact]
    public void Of_a_save_the_part_of_the_cache_counts_that_was_written()
    {
        var meter = new SpeedMeter();
        meter.Save(1_000_000, 300_000, 400_000, 1);
        Assert.Equal(750_000, meter.SaveBytesPerSecond, 6);
    }

    [Fact]
    public void A_mixed_steps_time_is_shared_out_by_what_decoding_takes()
    {
        var meter = new SpeedMeter();
        meter.Step(0, 8, 0.1);
        meter.Step(100, 8, 0.3);
        Assert.Equal(80, meter.DecodeTokensPerSecond, 6);
        Assert.Equal(500, meter.PrefillTokensPerSecond, 6);
    }

    [Fact]
    public void Retry_waits_for_as_many_ends_as_the_pages_need()
    {
        RunningDemand[] running = [new(0, 100, 10), new(0, 10, 4), new(0, 400, 50)];

        // 30 tokens a second are 10 for each of the three.
        Assert.Equal(1, Retry(running, 3, 1000, 30).TotalSeconds, 6);
        Assert.Equal(10, Retry(running, 14, 1000, 30).TotalSeconds, 6);
        Assert.Equal(40, Retry(running, 15, 1000, 30).TotalSeconds, 6);
        Assert.Equal(1, Retry(running, -5, 1000, 30).TotalSeconds, 6);
    }

    [Fact]
    public void Retry_counts_prompts_still_to_run_and_stays_within_its_bounds()
    {
        Assert.Equal(3, Retry([new(2000, 10, 4)], 4, 1000, 10).TotalSeconds, 6);

        // Nothing runs and nothing can be had: no end is in sight.
        Assert.Equal(RetryEstimate.Most, Retry([], 4, 1000, 10));
        Assert.Equal(RetryEstimate.Least, Retry([], 0, 1000, 10));
        Assert.Equal(RetryEstimate.Most, Retry([new(0, 1_000_000, 4)], 4, 1000, 10));
    }

    private static TimeSpan Retry(RunningDemand[] running, long missing, double prefill, double decode) =>
        RetryEstimate.Of(new AdmissionOutlook { Running = RetryEstimate.Ends(running, prefill, decode) }, missing);
}
