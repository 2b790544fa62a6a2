namespace KVCluster.Storage.Tests.Redis.Support;

/// <summary>A fact that needs the redis-server program; skips, saying so, where it is not installed, but never on CI.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RedisFactAttribute : FactAttribute
{
    public RedisFactAttribute()
    {
        Skip = RedisProgram.SkipReason!;
    }
}

/// <summary>A theory that needs the redis-server program.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RedisTheoryAttribute : TheoryAttribute
{
    public RedisTheoryAttribute()
    {
        Skip = RedisProgram.SkipReason!;
    }
}

/// <summary>Where the server's program is.</summary>
internal static class RedisProgram
{
    public const string Name = "redis-server";

    public static string? SkipReason { get; } =
        Environment.GetEnvironmentVariable("CI") == "true" || OnPath() ? null : $"needs {Name} on the path (tests/install-redis.sh)";

    private static bool OnPath() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, Name)));
}
