using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Device;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>A device that serves for months remembers no more of sessions that have gone than of those it serves.</summary>
public sealed class LongLifeTests
{
    [Fact]
    public void Sessions_without_a_cache_are_forgotten_those_used_longest_ago_first()
    {
        using LocalModel model = NeedleFixture.Open();
        DeviceParts parts = PartsOf(model);
        DeviceSession resident = parts.SessionOf(ServingFixture.Key("resident"));
        resident.Adopt(model.Backend.CreateCache(null), new TokenBuffer([1]), 1);
        for (int i = 0; i < 4 * DeviceParts.KeptCold; i++)
        {
            parts.SessionOf(ServingFixture.Key($"s{i}")).Epoch = i;
        }

        Assert.InRange(parts.Sessions.Count, DeviceParts.KeptCold, (2 * DeviceParts.KeptCold) + 1);
        Assert.Same(resident, parts.SessionOf(ServingFixture.Key("resident")));
        for (int i = 3 * DeviceParts.KeptCold; i < 4 * DeviceParts.KeptCold; i++)
        {
            Assert.Equal(i, parts.SessionOf(ServingFixture.Key($"s{i}")).Epoch);
        }

        resident.Drop();
    }

    [Fact]
    public void Sessions_that_left_a_busy_device_do_not_wait_to_be_scored()
    {
        using LocalModel model = NeedleFixture.Open();
        DeviceParts parts = PartsOf(model);
        using var scoring = new IdleScoring(parts);
        for (int i = 0; i < 100; i++)
        {
            DeviceSession session = parts.SessionOf(ServingFixture.Key($"s{i}"));
            session.Adopt(model.Backend.CreateCache(null), new TokenBuffer([1]), 1);
            scoring.Offer(session);
            session.Drop();
        }

        Assert.InRange(scoring.Waiting, 0, 1);
    }

    private static DeviceParts PartsOf(LocalModel model) => new(model, model.Backend, new DeviceWorkerOptions(), new Inbox(1), null);
}
