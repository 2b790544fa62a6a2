namespace KVCluster.TestSupport;

/// <summary>Where tests find the repository, the reference values and the models. See CONTRIBUTING.md.</summary>
public static class TestPaths
{
    public static string Repository { get; } = FindRepository();

    /// <summary>The goldens: KVCLUSTER_GOLDENS, else shared/goldens beside the repository.</summary>
    public static string Goldens { get; } = FromEnvironment("KVCLUSTER_GOLDENS") ?? Path.Combine(Shared, "goldens");

    /// <summary>The models: KVCLUSTER_MODELS, else shared/models beside the repository.</summary>
    public static string Models { get; } = FromEnvironment("KVCLUSTER_MODELS") ?? Path.Combine(Shared, "models");

    /// <summary>The model bundled with the repository.</summary>
    public static string Needle { get; } = Path.Combine(Repository, "models", "needle");

    /// <summary>The SmolLM2 GGUF, or null where no model of that name is at hand.</summary>
    public static string? SmolLm2 { get; } = Directory.Exists(Models)
        ? Directory.EnumerateFiles(Models, "SmolLM2-135M-Instruct*.gguf").Order(StringComparer.Ordinal).FirstOrDefault()
        : null;

    private static string Shared => Path.Combine(Path.GetDirectoryName(Repository)!, "shared");

    /// <summary>
    /// Why tests that need <paramref name="path"/> skip, or null where they must run. Absent reference data is an excuse only in a clone
    /// that never had any, or where another folder was named and lacks this part; CI has all of it.
    /// </summary>
    public static string? SkipReason(string path)
    {
        if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
        {
            return null;
        }

        bool redirected = FromEnvironment("KVCLUSTER_GOLDENS") is not null || FromEnvironment("KVCLUSTER_MODELS") is not null;
        bool required = !redirected && (Directory.Exists(Shared) || Environment.GetEnvironmentVariable("CI") == "true");
        return required ? null : $"needs reference data that is not here: {path}";
    }

    private static string? FromEnvironment(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? Path.GetFullPath(value) : null;

    private static string FindRepository()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "KVCluster.sln")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException($"no KVCluster.sln above {AppContext.BaseDirectory}");
    }
}
