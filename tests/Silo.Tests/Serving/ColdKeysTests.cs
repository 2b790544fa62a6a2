using System.Text.Json;
using KVCluster.Inference;
using KVCluster.Silo.Serving;

namespace KVCluster.Silo.Tests.Serving;

public sealed class ColdKeysTests : IDisposable
{
    private static readonly string Secret = Convert.ToBase64String(Enumerable.Repeat((byte)7, 32).ToArray());
    private readonly TemporaryFolder _folder = new();
    private readonly SteppedTime _time = new();
    private readonly List<string> _complaints = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_a_setting_nothing_is_encrypted() => Assert.Null(ColdKeys.Open("", _time, _complaints.Add));

    [Fact]
    public void A_key_added_to_the_file_is_the_newest_a_second_later()
    {
        ColdKeys keys = Open(Keys(("1", Secret)), out string path);
        Assert.Equal("1", keys.Newest("ann")!.Id);
        Rewrite(path, Keys(("1", Secret), ("2", Secret)));
        Assert.Equal("1", keys.Newest("ann")!.Id);
        _time.Step(TimeSpan.FromSeconds(2));
        Assert.Equal("2", keys.Newest("ann")!.Id);
        Assert.NotNull(keys.Find("ann", "1"));
    }

    [Fact]
    public void A_file_that_became_faulty_leaves_the_keys_and_is_told_without_a_key()
    {
        ColdKeys keys = Open(Keys(("1", Secret)), out string path);
        Rewrite(path, Keys(("1", Secret + "x")));
        _time.Step(TimeSpan.FromSeconds(2));
        Assert.Equal("1", keys.Newest("ann")!.Id);
        Assert.DoesNotContain(Secret, Assert.Single(_complaints), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nowhere/keys.json")]
    [InlineData("env:KVCLUSTER_TEST_NO_SUCH_KEYS")]
    public void A_source_that_is_missing_is_named(string setting)
    {
        InputException error = Assert.Throws<InputException>(() => ColdKeys.Open(setting, _time, _complaints.Add));
        Assert.Contains("Cold:Keys", error.Message, StringComparison.Ordinal);
    }

    private static string Keys(params (string Id, string Secret)[] keys) =>
        JsonSerializer.Serialize(new Dictionary<string, object> { ["*"] = keys.ToDictionary(k => k.Id, k => k.Secret) });

    private ColdKeys Open(string json, out string path)
    {
        path = _folder.Write("keys.json", json);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        return ColdKeys.Open(path, _time, _complaints.Add)!;
    }

    private static void Rewrite(string path, string json)
    {
        File.WriteAllText(path, json);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddSeconds(1));
    }

    private sealed class SteppedTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Step(TimeSpan by) => _ticks += by.Ticks;

        public override long GetTimestamp() => _ticks;
    }
}
