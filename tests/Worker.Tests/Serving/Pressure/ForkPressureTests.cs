using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>Forks under pressure: each gives its own pages, all of them together give what they share.</summary>
public sealed class ForkPressureTests
{
    private const int Prefix = 320;

    [Fact]
    public async Task Idle_forks_of_a_long_prefix_give_it_up_together_and_its_bytes_are_counted_once()
    {
        await using var pressed = new PressedFixture(2048, PressedFixture.Usual with { Compress = false });
        await Forks(pressed, own: 64);
        long before = pressed.Status.UsedBytes;
        pressed.Pressure.Apply(new DeviceTerms(before / 2));
        await RelievedAsync(pressed);
        DevicePressureStatus status = pressed.Status;
        Assert.True(status.UsedBytes <= status.LowBytes, $"{status}");
        ReliefEvent[] drops = [.. pressed.Events(ReliefKind.Drop)];
        Assert.Equal(4, drops.Length);
        Assert.Equal(before - status.UsedBytes, drops.Sum(e => e.FreedBytes));
        Assert.Equal(before, drops.Sum(e => e.PlannedBytes));
        Assert.Equal(pressed.Serving.Ledger().TotalPages, pressed.Serving.Ledger().FreePages);
        pressed.Serving.Model.Backend.Pool.CheckIntegrity();
    }

    [Fact]
    public async Task Where_one_holder_must_stay_the_others_are_cut_beyond_what_they_share_with_it()
    {
        await using var pressed = new PressedFixture(4096);
        await Forks(pressed, own: 300);
        await pressed.Pressure.PinAsync(ServingFixture.Key("f0"), 1, TimeSpan.FromHours(1), default);
        KvPool pool = pressed.Serving.Model.Backend.Pool;
        int shared = pool.SharedPages;
        long before = pressed.Status.UsedBytes;
        pressed.Pressure.Apply(new DeviceTerms(before - 1));
        await RelievedAsync(pressed);
        DevicePressureStatus status = pressed.Status;
        ReliefEvent[] cuts = [.. pressed.Events(ReliefKind.Compress)];
        Assert.NotEmpty(cuts);
        Assert.All(cuts, e => Assert.Equal((e.PlannedBytes, null), (e.FreedBytes, e.Fault)));
        Assert.Equal(before - status.UsedBytes, status.Events.Sum(e => e.FreedBytes));
        Assert.Equal(shared, pool.SharedPages);
        foreach (ReliefEvent cut in cuts)
        {
            ResidentSession left = await pressed.Describe(cut.Session.Session);
            Assert.All(left.Lengths, length => Assert.InRange(length, Prefix, Prefix + 299));
        }

        Assert.True((await pressed.Describe("f0")).IsExact);
        pool.CheckIntegrity();
    }

    [Fact]
    public async Task A_cut_fork_answers_from_the_prefix_it_shares()
    {
        await using var pressed = new PressedFixture(4096);
        int[] document = pressed.Serving.Document();
        await pressed.Serving.Run(pressed.Serving.Append("a", [], document));
        await pressed.Serving.Worker.ForkAsync(ServingFixture.Key("a"), 1, ServingFixture.Key("f"), 1, document.Length, default);
        await pressed.Pressure.PinAsync(ServingFixture.Key("a"), 1, TimeSpan.FromHours(1), default);
        int[] own = PressedFixture.Tokens(300, 5);
        await pressed.Serving.Run(pressed.Serving.Append("f", document, own));
        pressed.Pressure.Apply(new DeviceTerms(pressed.Status.UsedBytes - 1));
        await PressedFixture.Until(() => pressed.Events(ReliefKind.Compress).Any(e => e.Session.Session == "f"));
        TurnEnd end = await pressed.Serving.Run(pressed.Serving.Turn("a", document, []));
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
        TurnEnd fork = await pressed.Serving.Run(pressed.Serving.Turn("f", [.. document, .. own], [5], PressedFixture.Long with { MaxTokens = 3 }));
        Assert.Equal((AttachSource.Resident, 3), (fork.Attach.Source, fork.Completion!.Tokens.Count));
    }

    [Fact]
    public async Task A_measure_counts_what_forks_share_once()
    {
        await using var pressed = new PressedFixture(4096);
        await Forks(pressed, own: 100);
        DeviceMemory memory = await pressed.Pressure.MeasureAsync(default);
        Assert.InRange(memory.Profile.TotalBytes, memory.UsedBytes * 0.95, memory.UsedBytes * 1.05);
        Assert.Equal(memory.UsedBytes, memory.Needs["tenant"], memory.UsedBytes * 1e-6);
    }

    /// <summary>A session and three forks of it, each with tokens of its own after the prefix.</summary>
    /// <summary>
    /// Until the device has done what it decided. The first act is noted before the others are done; a call is taken only when all are.
    /// </summary>
    private static async Task RelievedAsync(PressedFixture pressed)
    {
        await PressedFixture.Until(() => pressed.Status.Events.Count > 0);
        await pressed.Serving.Describe("f0");
        await PressedFixture.Until(() => !pressed.Status.IsPressing);
    }

    private static async Task Forks(PressedFixture pressed, int own)
    {
        int[] prefix = PressedFixture.Tokens(Prefix);
        await pressed.Serving.Run(pressed.Serving.Append("f0", [], prefix));
        for (int i = 1; i < 4; i++)
        {
            Assert.True(await pressed.Serving.Worker.ForkAsync(ServingFixture.Key("f0"), 1, ServingFixture.Key($"f{i}"), 1, Prefix, default));
        }

        for (int i = 0; i < 4; i++)
        {
            await pressed.Serving.Run(pressed.Serving.Append($"f{i}", prefix, PressedFixture.Tokens(own, i + 1)));
        }

        Assert.True(pressed.Serving.Model.Backend.Pool.SharedPages > 0);
    }
}
