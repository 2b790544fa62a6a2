namespace KVCluster.Silo.Gateway;

/// <summary>Sessions that the gateway makes for clients that name none: known by their ids, closed when nobody has used them for long.</summary>
internal static class AutoSessions
{
    public const string Prefix = "auto-";

    public static bool IsAuto(string? id) => id?.StartsWith(Prefix, StringComparison.Ordinal) == true;

    public static string NewId() => Prefix + Guid.CreateVersion7().ToString("N");
}
