using KVCluster.Grains;

namespace KVCluster.Silo.Operators;

/// <summary>A session as the dashboard lists it: what its tenant's index and its device know.</summary>
internal sealed record SessionRow
{
    /// <summary>"tenant/session".</summary>
    public required string Key { get; init; }

    public required string Tenant { get; init; }

    public SessionPhase Phase { get; init; } = SessionPhase.Cold;

    /// <summary>The node that has or last had its cache; empty: none known.</summary>
    public string Node { get; init; } = "";

    /// <summary>The device that has its cache; empty: none.</summary>
    public string Device { get; init; } = "";

    /// <summary>Tokens of its cache; of its history where that is on no device.</summary>
    public int Tokens { get; init; }

    /// <summary>Tokens kept, averaged over (layer, head); 0 where it is on no device.</summary>
    public double KeptTokens { get; init; }

    public bool IsExact { get; init; } = true;

    public long Bytes { get; init; }

    public long ColdBytes { get; init; }

    public int Compressions { get; init; }

    public DateTimeOffset LastUsed { get; init; }

    public string Id => Key[(Tenant.Length + 1)..];

    public static SessionRow Of(SessionLine line, string node, string device) => new()
    {
        Key = line.Key,
        Tenant = line.Key[..line.Key.IndexOf('/', StringComparison.Ordinal)],
        Phase = line.Phase,
        Node = node,
        Device = device,
        Tokens = line.Tokens,
        KeptTokens = line.KeptTokens,
        IsExact = line.IsExact,
        Bytes = line.Bytes,
        ColdBytes = line.ColdBytes,
        Compressions = line.Compressions,
        LastUsed = line.LastUsed,
    };

    public static SessionRow Of(SessionSummary summary, string tenant) => new()
    {
        Key = $"{tenant}/{summary.Session}",
        Tenant = tenant,
        Node = summary.Node,
        Tokens = summary.Tokens,
        LastUsed = summary.LastUsed,
    };
}
