using KVCluster.Grains;
using KVCluster.Silo.Operators;

namespace KVCluster.Dashboard.Tests.Operators;

public sealed class SessionBookTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_a_device_tells_comes_before_the_index()
    {
        var book = new SessionBook();
        book.Index("t", [Summary("a", 10), Summary("b", 20)]);
        book.Device("n", Device(whole: true, [Line("t/a", 12)]));

        (IReadOnlyList<SessionRow> changed, _) = book.TakeChanges();

        Assert.Equal([("t/a", 12, "cpu:0"), ("t/b", 20, "")], changed.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => (r.Key, r.Tokens, r.Device)));
    }

    [Fact]
    public void Nothing_is_said_twice()
    {
        var book = new SessionBook();
        book.Index("t", [Summary("a", 10)]);
        book.TakeChanges();
        book.Index("t", [Summary("a", 10)]);

        Assert.Empty(book.TakeChanges().Changed);
    }

    [Fact]
    public void A_cache_that_left_makes_its_session_cold_and_keeps_what_is_known_of_its_copy()
    {
        var book = new SessionBook();
        book.Index("t", [Summary("a", 10)]);
        book.Device("n", Device(whole: true, [Line("t/a", 12) with { ColdBytes = 99 }]));
        book.TakeChanges();
        book.Device("n", Device(whole: false, [], gone: ["t/a"]));

        SessionRow row = Assert.Single(book.TakeChanges().Changed);
        Assert.Equal((SessionPhase.Cold, 0L, 99L), (row.Phase, row.Bytes, row.ColdBytes));
        book.Index("t", [Summary("a", 10)]);
        Assert.Empty(book.TakeChanges().Changed);
    }

    [Fact]
    public void A_session_that_no_index_and_no_device_has_is_gone()
    {
        var book = new SessionBook();
        book.Index("t", [Summary("a", 10)]);
        book.TakeChanges();
        book.Index("t", []);

        Assert.Equal([("t/a", "t")], book.TakeChanges().Gone);
    }

    [Fact]
    public void A_lost_device_has_nothing_any_more()
    {
        var book = new SessionBook();
        book.Device("n", Device(whole: true, [Line("t/a", 12)]));
        book.TakeChanges();
        book.KeepDevices(new HashSet<string>());

        Assert.Equal([("t/a", "t")], book.TakeChanges().Gone);
    }

    [Fact]
    public void A_device_that_tells_everything_anew_drops_what_it_does_not_name()
    {
        var book = new SessionBook();
        book.Device("n", Device(whole: true, [Line("t/a", 1), Line("t/b", 2)]));
        book.TakeChanges();
        book.Device("n", Device(whole: true, [Line("t/b", 2)]));

        (IReadOnlyList<SessionRow> changed, IReadOnlyList<(string Key, string Tenant)> gone) = book.TakeChanges();
        Assert.Empty(changed);
        Assert.Equal("t/a", Assert.Single(gone).Key);
    }

    private static SessionSummary Summary(string id, int tokens) => new() { Session = id, Created = Now, LastUsed = Now, Tokens = tokens, Node = "n" };

    private static SessionLine Line(string key, int tokens) => new(key, SessionPhase.Idle, tokens, tokens, true, 1024, 0, 0, Now);

    private static DeviceObservation Device(bool whole, SessionLine[] lines, string[]? gone = null) => new()
    {
        Report = new DeviceReport
        {
            Device = "cpu:0",
            Model = "m",
            TotalBytes = 0,
            FreeBytes = 0,
            EvictableBytes = 0,
            PinnedBytes = 0,
            Resident = 0,
            Running = 0,
            Waiting = 0,
        },
        KvType = "bf16",
        ReservedBytes = 0,
        IsWhole = whole,
        Sessions = lines,
        Gone = gone ?? [],
    };
}
