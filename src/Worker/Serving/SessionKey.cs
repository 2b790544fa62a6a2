namespace KVCluster.Worker.Serving;

/// <summary>Names a session on a device: ids are unique within a tenant.</summary>
/// <param name="Tenant">The tenant's id.</param>
/// <param name="Session">The session's id.</param>
public readonly record struct SessionKey(string Tenant, string Session)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Tenant}/{Session}";
}
