using KVCluster.Grains;
using KVCluster.Silo.Operators;

namespace KVCluster.Dashboard.Tests.Operators;

public sealed class ActivityWindowTests
{
    [Fact]
    public void Percentiles_lie_within_their_bucket()
    {
        var buckets = new long[49];
        buckets[20] = 90;
        buckets[30] = 10;

        Assert.InRange(ActivityWindow.Quantile(buckets, 0.5), DurationReport.BoundOf(19), DurationReport.BoundOf(20));
        Assert.InRange(ActivityWindow.Quantile(buckets, 0.95), DurationReport.BoundOf(29), DurationReport.BoundOf(30));
        Assert.Equal(0, ActivityWindow.Quantile(new long[49], 0.5));
    }

    [Fact]
    public void A_window_is_the_difference_of_counts_over_all_devices()
    {
        var window = new ActivityWindow(TimeSpan.FromMinutes(1), TimeProvider.System);
        window.Add(Devices((100, 5), (50, 2)));

        ActivityView view = window.Add(Devices((130, 8), (60, 2)));

        Assert.Equal(3, view.FirstToken.Count);
        Assert.Equal(3, view.Made);
        Assert.Equal(40 / view.Seconds, view.GeneratedTokensPerSecond, 6);
    }

    [Fact]
    public void A_device_that_started_anew_counts_from_zero()
    {
        var window = new ActivityWindow(TimeSpan.FromMinutes(1), TimeProvider.System);
        window.Add(Devices((100, 5)));

        Assert.Equal(2, window.Add(Devices((10, 2))).Made);
    }

    [Fact]
    public void Keys_of_a_scope_are_those_of_its_tenant_and_of_no_other_that_begins_alike()
    {
        var scope = new ViewScope("acme", SeesAll: false);
        Assert.True(scope.SeesKey("acme/a"));
        Assert.False(scope.SeesKey("acme-2/a"));
        Assert.False(scope.SeesKey(""));
    }

    private static Dictionary<string, ActivityReport> Devices(params (long Generated, long Made)[] devices) =>
        devices.Select((d, i) => (Name: $"d{i}", Report: Report(d.Generated, d.Made))).ToDictionary(d => d.Name, d => d.Report);

    private static ActivityReport Report(long generated, long made)
    {
        var buckets = new long[49];
        buckets[20] = made;
        return new ActivityReport
        {
            PromptTokens = generated,
            GeneratedTokens = generated,
            Attached = [],
            Misses = [],
            Turns = new() { ["Made"] = made },
            PutBack = 0,
            DroppedBytes = 0,
            SavedBytes = 0,
            Compressions = 0,
            CompressionFreedBytes = 0,
            FirstToken = new DurationReport(buckets, 0),
            PerToken = new DurationReport(new long[49], 0),
            Queue = new DurationReport(new long[49], 0),
        };
    }
}
