namespace KVCluster.Silo.Operators;

/// <summary>Whose sessions a viewer sees; everything that viewers of one scope get is written once.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="SeesAll">Whether those of all tenants: only their figures, never their text.</param>
internal readonly record struct ViewScope(string Tenant, bool SeesAll)
{
    public bool Sees(string tenant) => SeesAll || tenant == Tenant;

    /// <summary>Whether "tenant/session" may be named to the viewer.</summary>
    public bool SeesKey(string key) => SeesAll || (key.Length > Tenant.Length && key[Tenant.Length] == '/' && key.StartsWith(Tenant, StringComparison.Ordinal));
}
