namespace KVCluster.Compression.Pressure.Leases;

/// <summary>
/// Tenants' parts: first of all bytes lent, max-min fair by share with guarantees; then of each node's bytes, max-min fair with the cluster-wide
/// part (spread as the tenant's needs are spread over nodes) as weight and the guarantee spread likewise.
/// </summary>
internal sealed class TenantLeases
{
    private static readonly TenantTerms _default = new();
    private readonly IReadOnlyList<NodeReport> _reports;
    private readonly IReadOnlyDictionary<string, TenantTerms> _terms;
    private readonly long[] _lent;
    private readonly Dictionary<string, (long Need, long Part)> _tenants = new(StringComparer.Ordinal);

    public TenantLeases(IReadOnlyList<NodeReport> reports, IReadOnlyDictionary<string, TenantTerms> terms, long[] lent)
    {
        _reports = reports;
        _terms = terms;
        _lent = lent;
        foreach ((string tenant, long need) in reports.SelectMany(r => r.Needs))
        {
            _tenants[tenant] = (checked(_tenants.GetValueOrDefault(tenant).Need + need), 0);
        }

        string[] names = [.. _tenants.Keys.Order(StringComparer.Ordinal)];
        FairClaim[] claims = Array.ConvertAll(names, name =>
        {
            TenantTerms promised = TermsOf(name);
            promised.Validate(name);
            return new FairClaim(_tenants[name].Need, promised.GuaranteedBytes, promised.Share);
        });
        long[] parts = MaxMinFair.Share(lent.Sum(), claims);
        for (int i = 0; i < names.Length; i++)
        {
            _tenants[names[i]] = (claims[i].Need, parts[i]);
        }
    }

    /// <summary>The parts of one node's lease.</summary>
    public IReadOnlyDictionary<string, TenantLease> Of(int node)
    {
        (string Tenant, long Need)[] here =
        [
            .. _reports[node].Needs.Where(n => n.Value > 0).Select(n => (n.Key, n.Value)).OrderBy(n => n.Key, StringComparer.Ordinal),
        ];
        FairClaim[] claims = Array.ConvertAll(here, h =>
        {
            (long need, long part) = _tenants[h.Tenant];
            double spread = (double)h.Need / need;
            return new FairClaim(h.Need, (long)(spread * Math.Min(TermsOf(h.Tenant).GuaranteedBytes, part)), Math.Max(1, spread * part));
        });
        long[] parts = MaxMinFair.Share(_lent[node], claims);
        Dictionary<string, TenantLease> leases = new(here.Length, StringComparer.Ordinal);
        for (int i = 0; i < here.Length; i++)
        {
            leases[here[i].Tenant] = new TenantLease(parts[i], Math.Min(claims[i].Guarantee, parts[i]));
        }

        return leases;
    }

    private TenantTerms TermsOf(string tenant) => _terms.TryGetValue(tenant, out TenantTerms? terms) ? terms : _default;
}
