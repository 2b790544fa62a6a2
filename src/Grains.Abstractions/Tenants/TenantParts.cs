using System.Text;

namespace KVCluster.Grains;

/// <summary>Which part of its tenant's index a session is in: fixed for good, as the parts are durable.</summary>
public static class TenantParts
{
    /// <summary>Parts of each tenant.</summary>
    public const int Count = 16;

    /// <summary>The key of a session's <see cref="ITenantIndexPartGrain"/>.</summary>
    public static string KeyOf(SessionId id) => Key(id.Tenant, PartOf(id.Session));

    /// <summary>The key of a part.</summary>
    public static string Key(string tenant, int part) => $"{tenant}/{part}";

    /// <summary>FNV-1a of the id's bytes: the same in every process and version.</summary>
    private static int PartOf(string session)
    {
        uint hash = 2166136261;
        foreach (byte b in Encoding.UTF8.GetBytes(session))
        {
            hash = (hash ^ b) * 16777619;
        }

        return (int)(hash % Count);
    }
}
