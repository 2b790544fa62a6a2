using System.Diagnostics.Metrics;
using KVCluster.Silo.Telemetry;

namespace KVCluster.Dashboard.Tests.Telemetry;

public sealed class MetricFamilyTests
{
    [Fact]
    public void More_series_than_a_family_may_have_are_counted_together()
    {
        using var meter = new Meter($"test-{Guid.NewGuid():N}");
        using var reader = new MetricReader([meter.Name]);
        Counter<long> counter = meter.CreateCounter<long>("kvcluster.test.things");
        for (int i = 0; i < MetricFamily.MaxSeries + 100; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("id", i));
        }

        Scrape scrape = Scrape.Parse(OpenMetricsText.Write(reader.Collect()));

        Assert.Equal(MetricFamily.MaxSeries + 1, scrape.Samples.Count);
        Assert.Equal(100, scrape.Sum("kvcluster_test_things_total", "overflow=\"true\""));
        Assert.Equal(MetricFamily.MaxSeries + 100, scrape.Sum("kvcluster_test_things_total"));
    }

    [Fact]
    public void Histograms_count_up_to_each_bound_and_keep_the_sum()
    {
        using var meter = new Meter($"test-{Guid.NewGuid():N}");
        using var reader = new MetricReader([meter.Name]);
        Histogram<double> histogram = meter.CreateHistogram("kvcluster.test.time", "s", null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (double value in (double[])[0.05, 0.1, 0.5, 3])
        {
            histogram.Record(value);
        }

        Scrape scrape = Scrape.Parse(OpenMetricsText.Write(reader.Collect()));

        Assert.Equal("histogram", scrape.Families["kvcluster_test_time_seconds"]);
        Assert.Equal([2, 3, 4], scrape.Samples.Where(s => s.Name == "kvcluster_test_time_seconds_bucket").Select(s => (int)s.Value));
        Assert.Equal(3.65, scrape.Sum("kvcluster_test_time_seconds_sum"), 9);
    }

    [Fact]
    public void What_is_not_observed_any_more_is_not_exported_any_more()
    {
        using var meter = new Meter($"test-{Guid.NewGuid():N}");
        using var reader = new MetricReader([meter.Name]);
        List<string> devices = ["a", "b"];
        meter.CreateObservableGauge("kvcluster.test.free", () => devices.Select(d => new Measurement<long>(7, new KeyValuePair<string, object?>("device", d))), "By");

        Assert.Equal(14, Scrape.Parse(OpenMetricsText.Write(reader.Collect())).Sum("kvcluster_test_free_bytes"));
        devices.Remove("a");
        Assert.Equal(7, Scrape.Parse(OpenMetricsText.Write(reader.Collect())).Sum("kvcluster_test_free_bytes"));
    }

    [Theory]
    [InlineData("kvcluster.arena.size", "By", "kvcluster_arena_size_bytes")]
    [InlineData("kvcluster.arena.bytes", "By", "kvcluster_arena_bytes")]
    [InlineData("kvcluster.request_queue_time", "s", "kvcluster_request_queue_time_seconds")]
    [InlineData("kvcluster.decode.tokens_per_second", "{token}/s", "kvcluster_decode_tokens_per_second")]
    [InlineData("kvcluster.turns", "{turn}", "kvcluster_turns")]
    [InlineData("kvcluster.ratio", "1", "kvcluster_ratio")]
    public void Names_end_with_their_unit(string instrument, string unit, string name) => Assert.Equal(name, MetricName.Of(instrument, unit).Text);

    [Fact]
    public void Labels_are_escaped()
    {
        using var meter = new Meter($"test-{Guid.NewGuid():N}");
        using var reader = new MetricReader([meter.Name]);
        meter.CreateCounter<long>("kvcluster.test.odd").Add(1, new KeyValuePair<string, object?>("a.b", "x\"y\\z\n"));

        Assert.Contains("kvcluster_test_odd_total{a_b=\"x\\\"y\\\\z\\n\"} 1.0", OpenMetricsText.Write(reader.Collect()), StringComparison.Ordinal);
    }
}
