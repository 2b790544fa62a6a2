using System.Diagnostics.Metrics;
using KVCluster.Inference.Kv;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Snapshots;

public sealed class MeterTests
{
    [Fact]
    public async Task Every_result_is_counted_by_its_cause()
    {
        await using var cold = new ColdFixture();
        var counts = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter == cold.Store.Meter)
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        void Count(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string key = instrument.Name + string.Concat(tags.ToArray().Select(t => $" {t.Key}={t.Value}"));
            lock (counts)
            {
                counts[key] = counts.GetValueOrDefault(key) + value;
            }
        }

        listener.SetMeasurementEventCallback<long>((i, v, t, _) => Count(i, v, t));
        listener.SetMeasurementEventCallback<double>((i, v, t, _) => Count(i, 1, t));
        listener.Start();

        int[] tokens = ColdFixture.Tokens(90);
        using KvCache cache = cold.Arena.Cache(tokens);
        await cold.MissAsync(cold.Query(tokens));
        await cold.PublishedAsync(cache, tokens, epoch: 2);
        await cold.SaveAsync(cache, tokens, epoch: 1);
        await cold.MissAsync(cold.Query(tokens, epoch: 2));
        await cold.MissAsync(cold.Query(tokens, epoch: 1));
        await cold.Store.FindAsync(cold.Query(tokens, epoch: 2), CancellationToken.None);
        await cold.Store.FindAsync(cold.Query(ColdFixture.Tokens(9), epoch: 2), CancellationToken.None);

        const string Cold = "kvcluster.cold.";
        const string Tag = " store=directory";
        Assert.Equal(1, counts[$"{Cold}loads{Tag} result=Absent"]);
        Assert.Equal(1, counts[$"{Cold}loads{Tag} result=Hit"]);
        Assert.Equal(1, counts[$"{Cold}loads{Tag} result=LaterEpoch"]);
        Assert.Equal(1, counts[$"{Cold}lookups{Tag} result=Hit"]);
        Assert.Equal(1, counts[$"{Cold}lookups{Tag} result=OtherTokens"]);
        Assert.Equal(1, counts[$"{Cold}saves{Tag} outcome=Published"]);
        Assert.Equal(1, counts[$"{Cold}saves{Tag} outcome=Fenced"]);
        Assert.Equal(90, counts[$"{Cold}loaded_tokens{Tag}"]);
        Assert.Equal(90 * cold.Arena.Geometry.BytesPerToken, counts[$"{Cold}loaded_bytes{Tag}"]);
        Assert.Equal(90 * cold.Arena.Geometry.BytesPerToken, counts[$"{Cold}saved_bytes{Tag}"]);
        Assert.Equal(1, counts[$"{Cold}load.duration{Tag} result=Hit"]);
    }

    [Fact]
    public async Task Speeds_are_bytes_by_time()
    {
        var time = new ManualTime();
        await using var cold = new ColdFixture(options: new SnapshotStoreOptions { Time = time });
        int[] tokens = ColdFixture.Tokens(90);
        using KvCache cache = cold.Arena.Cache(tokens);
        Assert.Equal((0, 0), (cold.Store.LoadBytesPerSecond, cold.Store.SaveBytesPerSecond));
        cold.Blobs.BeforePublish = () =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return Task.CompletedTask;
        };
        SnapshotSave save = await cold.SaveAsync(cache, tokens);
        Assert.Equal((2, save.WrittenBytes / 2.0), (save.Seconds, cold.Store.SaveBytesPerSecond));
        bool first = true;
        cold.Blobs.OnManifest = stored =>
        {
            time.Advance(TimeSpan.FromSeconds(first ? 1 : 2));
            first = false;
            return stored;
        };
        await cold.LoadAsync(cold.Query(tokens));
        Assert.Equal(save.StoredBytes, cold.Store.LoadBytesPerSecond);
        await cold.LoadAsync(cold.Query(tokens));
        Assert.Equal(save.StoredBytes * (0.75 + 0.125), cold.Store.LoadBytesPerSecond);
    }
}
