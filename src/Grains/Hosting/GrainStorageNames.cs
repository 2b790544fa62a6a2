namespace KVCluster.Grains;

/// <summary>Names of the grain storages a silo must have.</summary>
public static class GrainStorageNames
{
    /// <summary>Sessions and the tenants' indexes: must be durable.</summary>
    public const string Sessions = "sessions";
}
