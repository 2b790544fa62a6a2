using KVCluster.TestSupport.Redis;

namespace KVCluster.K8s.Tests;

/// <summary>A fact that needs an earlier build of the server beside this one; skips, saying so, where none is named.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OldBuildFactAttribute : FactAttribute
{
    private const string Variable = "KVCLUSTER_OLD_BUILD";

    public OldBuildFactAttribute()
    {
        Skip = (Folder is null ? $"needs an earlier build: {Variable}, the folder of its kvcluster.dll (docs/operations/upgrade.md)"
            : !File.Exists(Path.Combine(Folder, "kvcluster.dll")) ? $"{Variable}: no kvcluster.dll in {Folder}"
            : RedisProgram.SkipReason)!;
    }

    /// <summary>The earlier build, or null.</summary>
    public static string? Folder { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? Path.GetFullPath(folder) : null;
}
