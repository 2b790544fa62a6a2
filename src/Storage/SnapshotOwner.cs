namespace KVCluster.Storage;

/// <summary>Whose cache a snapshot is. Tenants never see each other's: both parts are in every key and in every header.</summary>
/// <param name="Tenant">The tenant's id, as the server knows it.</param>
/// <param name="Session">The session's id within the tenant.</param>
public sealed record SnapshotOwner(string Tenant, string Session);
