using KVCluster.Inference;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Tests.Redis.Support;
using KVCluster.TestSupport.Redis;

namespace KVCluster.Storage.Tests.Redis;

/// <summary>Passwords, users, TLS, replicas: who may do what, and what is said when not.</summary>
public sealed class RedisAccessTests
{
    private const string Password = "correct-horse";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [RedisFact]
    public async Task A_password_opens_and_another_is_refused_and_never_shown()
    {
        await using RedisServer server = await RedisServer.StartAsync("--requirepass", Password);
        await using (var client = new RedisClient(RedisOptions.Parse($"redis://:{Password}@{server.Address}")))
        {
            await SetAsync(client);
        }

        await using var wrong = new RedisClient(RedisOptions.Parse($"redis://:battery-staple@{server.Address}"));
        RedisUnavailableException error = await Assert.ThrowsAsync<RedisUnavailableException>(() => SetAsync(wrong));
        Assert.Contains("refused the user name or the password", error.Message);
        Assert.DoesNotContain("battery", error.ToString());

        await using var none = new RedisClient(RedisOptions.Parse(server.Address));
        Assert.Contains("asks for a password", (await Assert.ThrowsAsync<RedisUnavailableException>(() => SetAsync(none))).Message);
    }

    [RedisFact]
    public async Task A_user_of_the_access_list_may_do_what_it_says_and_no_more()
    {
        await using RedisServer server = await RedisServer.StartAsync("--user", "kv", "on", $">{Password}", "~kv:*", "+@all", "-flushall");
        await using var client = new RedisClient(RedisOptions.Parse($"redis://kv:{Password}@{server.Address}"));
        await client.ExecuteAsync(new RedisCommand("SET", "kv:a", "x"), default).WaitAsync(Limit);
        RedisServerException key = await Assert.ThrowsAsync<RedisServerException>(
            () => client.ExecuteAsync(new RedisCommand("SET", "other", "x"), default)).WaitAsync(Limit);
        Assert.Equal("NOPERM", key.Code);
    }

    [RedisFact]
    public async Task A_user_who_may_not_say_hello_is_served_in_the_older_protocol()
    {
        await using RedisServer server = await RedisServer.StartAsync("--user", "old", "on", $">{Password}", "~*", "+@all", "-hello");
        await using RedisServer unknown = await RedisServer.StartAsync("--rename-command", "HELLO", "", "--requirepass", Password);
        foreach (string text in new[] { $"redis://old:{Password}@{server.Address}", $"redis://:{Password}@{unknown.Address}" })
        {
            await using var client = new RedisClient(RedisOptions.Parse(text));
            await SetAsync(client);
            Assert.True((await client.ExecuteAsync(new RedisCommand("GET", "absent"), default).WaitAsync(Limit)).IsNull);
            RespValue map = await client.ExecuteAsync(new RedisCommand("CONFIG", "GET", "port") { KeyIndex = 0 }, default).WaitAsync(Limit);
            Assert.Equal("port", map.Items[0].Text);
        }

        await using var wrong = new RedisClient(RedisOptions.Parse($"redis://:battery-staple@{unknown.Address}"));
        RedisUnavailableException error = await Assert.ThrowsAsync<RedisUnavailableException>(() => SetAsync(wrong));
        Assert.DoesNotContain("battery", error.ToString());
    }

    [RedisFact]
    public async Task A_read_only_replica_refuses_writes()
    {
        await using RedisServer master = await RedisServer.StartAsync();
        await using RedisServer replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{master.Port}");
        await using var client = new RedisClient(RedisOptions.Parse(replica.Address));
        RedisServerException error = await Assert.ThrowsAsync<RedisServerException>(() => SetAsync(client));
        Assert.Equal("READONLY", error.Code);
    }

    [RedisFact]
    public async Task Tls_carries_large_values_where_the_authority_and_the_name_are_right()
    {
        using var folder = new ScratchFolder();
        var authority = new TestCertificates(folder.Path, "authority");
        await using RedisServer server = await StartTlsAsync(authority.Issue("redis.test", loopback: true), authority.AuthorityFile, "no");
        foreach (string name in new[] { "", "&tls_name=redis.test" })
        {
            await using var client = new RedisClient(
                RedisOptions.Parse($"rediss://{server.Address}?tls_ca={Uri.EscapeDataString(authority.AuthorityFile)}{name}"));
            byte[] value = new byte[3_000_000];
            new Random(1).NextBytes(value);
            await client.ExecuteAsync(new RedisCommand("SET", "tls", value), default).WaitAsync(Limit);
            byte[] read = new byte[value.Length];
            await client.ExecuteAsync(new RedisCommand("GET", "tls") { Destination = [read] }, default).WaitAsync(Limit);
            Assert.True(value.AsSpan().SequenceEqual(read));
        }
    }

    [RedisFact]
    public async Task A_certificate_of_another_authority_or_for_another_name_is_refused()
    {
        using var folder = new ScratchFolder();
        var authority = new TestCertificates(folder.Path, "authority");
        var stranger = new TestCertificates(folder.Path, "stranger");
        await using RedisServer server = await StartTlsAsync(authority.Issue("redis.test", loopback: false), authority.AuthorityFile, "no");
        string[] refused =
        [
            $"tls_ca={stranger.AuthorityFile}&tls_name=redis.test",
            $"tls_ca={authority.AuthorityFile}",
            $"tls_ca={authority.AuthorityFile}&tls_name=other.test",
            "tls_name=redis.test",
        ];
        foreach (string setting in refused)
        {
            await using var client = new RedisClient(RedisOptions.Parse($"rediss://{server.Address}?{setting}"));
            RedisUnavailableException error = await Assert.ThrowsAsync<RedisUnavailableException>(() => SetAsync(client));
            Assert.Contains("no TLS connection", error.Message);
        }

        await using var right = new RedisClient(
            RedisOptions.Parse($"rediss://{server.Address}?tls_ca={authority.AuthorityFile}&tls_name=redis.test"));
        await SetAsync(right);
    }

    [RedisFact]
    public async Task A_server_that_asks_for_a_certificate_gets_one()
    {
        using var folder = new ScratchFolder();
        var authority = new TestCertificates(folder.Path, "authority");
        (string certificate, string key) = authority.Issue("client.test", loopback: false);
        await using RedisServer server = await StartTlsAsync(authority.Issue("redis.test", loopback: true), authority.AuthorityFile, "yes");
        string text = $"rediss://{server.Address}?tls_ca={authority.AuthorityFile}";
        await using (var with = new RedisClient(RedisOptions.Parse($"{text}&tls_cert={certificate}&tls_key={key}")))
        {
            await SetAsync(with);
        }

        await using var without = new RedisClient(RedisOptions.Parse(text));
        await Assert.ThrowsAsync<RedisUnavailableException>(() => SetAsync(without));
    }

    [RedisFact]
    public async Task Plain_text_to_a_server_of_tls_fails_in_time()
    {
        using var folder = new ScratchFolder();
        var authority = new TestCertificates(folder.Path, "authority");
        await using RedisServer server = await StartTlsAsync(authority.Issue("redis.test", loopback: true), authority.AuthorityFile, "no");
        await using var client = new RedisClient(RedisOptions.Parse(server.Address));
        await Assert.ThrowsAsync<RedisUnavailableException>(() => SetAsync(client));
    }

    [Fact]
    public async Task A_certificate_file_that_is_not_there_is_named()
    {
        await using var client = new RedisClient(RedisOptions.Parse("rediss://127.0.0.1:1?tls_ca=absent.pem"));
        Assert.Contains("absent.pem", (await Assert.ThrowsAsync<InputException>(() => SetAsync(client))).Message);
    }

    private static Task SetAsync(RedisClient client) => client.ExecuteAsync(new RedisCommand("SET", "k", "v"), default).WaitAsync(Limit);

    private static Task<RedisServer> StartTlsAsync((string Certificate, string Key) own, string authority, string clients) =>
        RedisServer.StartAsync(
            "--port", "0", "--tls-port", "{port}", "--tls-cert-file", own.Certificate, "--tls-key-file", own.Key,
            "--tls-ca-cert-file", authority, "--tls-auth-clients", clients);

    private sealed class ScratchFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("kvcluster-tls-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
