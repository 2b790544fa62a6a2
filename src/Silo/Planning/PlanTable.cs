using System.Globalization;
using KVCluster.Silo.Rendering;
using Spectre.Console;

namespace KVCluster.Silo.Planning;

/// <summary>A plan for people.</summary>
internal static class PlanTable
{
    public static Table Create(ClusterPlan plan)
    {
        Table table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn("");
        foreach ((string name, string value) in Rows(plan))
        {
            table.AddRow(new Text(name), new Text(value));
        }

        return table;
    }

    /// <summary>The lines, as text.</summary>
    public static IEnumerable<(string Name, string Value)> Rows(ClusterPlan p)
    {
        yield return ("model", $"{p.Model}: {Bytes(p.BytesPerToken)} a token, pages of {Bytes(p.PageBytes)}");
        yield return ("device", $"{Bytes(p.WeightBytes)} weights, {Bytes(p.WorkspaceBytes)} workspace, {Bytes(p.ArenaBytes)} arena");
        yield return ("watermarks", $"high {Bytes(p.HighWatermarkBytes)}, low {Bytes(p.LowWatermarkBytes)}; {Bytes(p.WholeBytes)} for sessions held whole");
        foreach (TenantPlan t in p.Tenants)
        {
            yield return (t.Tenant.Length == 0 ? "sessions" : $"tenant {t.Tenant}", Tenant(t));
        }

        yield return ("nodes", $"{p.Nodes}: {p.NodesNeeded} for {p.HotSessions:N0} hot sessions, {p.SessionsPerNode:N0} a node, {p.Nodes - p.NodesNeeded} spare");
        yield return ("volatile Redis", Redis(p.Volatile));
        yield return ("durable Redis", Redis(p.Durable));
        yield return ("settings", string.Create(CultureInfo.InvariantCulture, $"KVCLUSTER__MODEL__ARENABYTES={p.ArenaBytes}"));
        yield return ("", string.Create(CultureInfo.InvariantCulture, $"KVCLUSTER__COLD__BUDGETBYTES={p.Volatile.DataBytes}"));
        yield return ("", string.Create(CultureInfo.InvariantCulture, $"KVCLUSTER__COLD__TENANTBUDGETBYTES={p.Tenants.Max(t => t.ColdBytes)}"));
        yield return ("", string.Create(CultureInfo.InvariantCulture, $"volatile Redis: maxmemory {p.Volatile.MemoryBytes}"));
    }

    private static string Tenant(TenantPlan t) =>
        $"{t.Sessions:N0} of {t.Tokens:N0} tokens: {Bytes(t.WholeBytes)} whole, {Bytes(t.KeptBytes)} with {t.KeptSlots:N0} slots a head; "
        + $"hot {Bytes(t.HotBytes)}, cold {Bytes(t.ColdBytes)}";

    private static string Redis(RedisPlan r) =>
        $"{Bytes(r.MemoryBytes)} of memory for {Bytes(r.DataBytes)}; writes {Rate(r.WriteBytesPerSecond)}, reads {Rate(r.ReadBytesPerSecond)}, "
        + $"{Rate(r.PeakBytesPerSecond)} while a node hands over";

    private static string Bytes(long bytes) => Amount.Bytes(bytes);

    private static string Rate(double bytes) => $"{Amount.Bytes((long)bytes)}/s";
}
