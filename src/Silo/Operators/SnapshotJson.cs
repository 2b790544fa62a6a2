using System.Text.Json;
using KVCluster.Grains;

namespace KVCluster.Silo.Operators;

/// <summary>A snapshot's JSON. Times are milliseconds of Unix time or seconds, memory is bytes, as the names say.</summary>
internal static class SnapshotJson
{
    public static void Write(Utf8JsonWriter json, ClusterSnapshot snapshot, ViewScope scope)
    {
        json.WriteStartObject();
        json.WriteNumber("number", snapshot.Number);
        json.WriteNumber("at", snapshot.At.ToUnixTimeMilliseconds());
        Sessions(json, snapshot.Sessions, scope);
        json.WriteStartArray("nodes");
        foreach (NodeView node in snapshot.Nodes)
        {
            json.WriteStartObject();
            json.WriteString("name", node.Name);
            json.WriteStartArray("devices");
            foreach (DeviceView device in node.Devices)
            {
                Device(json, device);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Cold(json, snapshot.Cold);
        Activity(json, snapshot.Activity);
        Allocator(json, snapshot.Allocator, scope);
        json.WriteStartArray("faults");
        foreach (string fault in snapshot.Faults.Where(f => f.About is null || scope.Sees(f.About)).Select(f => f.Text))
        {
            json.WriteStringValue(fault);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A session of another tenant is not named.</summary>
    public static void Event(Utf8JsonWriter json, DeviceEvent happened, ViewScope scope)
    {
        PressureEvent e = happened.Event;
        json.WriteStartObject();
        json.WriteString("node", happened.Node);
        json.WriteString("device", happened.Device);
        json.WriteNumber("number", e.Number);
        json.WriteNumber("at", e.At.ToUnixTimeMilliseconds());
        json.WriteString("kind", e.Kind.ToString().ToLowerInvariant());
        json.WriteString("cause", e.Cause);
        json.WriteString("session", scope.SeesKey(e.Session) ? e.Session : "");
        json.WriteNumber("used_bytes", e.UsedBytes);
        json.WriteNumber("limit_bytes", e.LimitBytes);
        json.WriteNumber("planned_bytes", e.PlannedBytes);
        json.WriteNumber("freed_bytes", e.FreedBytes);
        json.WriteNumber("tokens", e.Tokens);
        json.WriteNumber("seconds", e.Seconds);
        if (e.DroppedMass is { } mass)
        {
            json.WriteNumber("dropped_mass", mass);
        }

        if (e.Fault is { } fault && scope.SeesKey(e.Session))
        {
            json.WriteString("fault", fault);
        }

        json.WriteStartArray("kept_per_layer");
        foreach (double kept in e.KeptPerLayer)
        {
            json.WriteNumberValue(Math.Round(kept, 1));
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Sessions(Utf8JsonWriter json, SessionCounts counts, ViewScope scope)
    {
        json.WriteStartObject("sessions");
        json.WriteNumber("on_device", counts.OnDevice);
        json.WriteNumber("running", counts.Running);
        if (scope.SeesAll)
        {
            json.WriteNumber("all", counts.All);
        }

        json.WriteEndObject();
    }

    private static void Device(Utf8JsonWriter json, DeviceView view)
    {
        DeviceReport d = view.Observed.Report;
        json.WriteStartObject();
        json.WriteString("name", d.Device);
        json.WriteString("kv_type", view.Observed.KvType);
        json.WriteNumber("total_bytes", d.TotalBytes);
        json.WriteNumber("free_bytes", d.FreeBytes);
        json.WriteNumber("evictable_bytes", d.EvictableBytes);
        json.WriteNumber("pinned_bytes", d.PinnedBytes);
        json.WriteNumber("reserved_bytes", view.Observed.ReservedBytes);
        json.WriteNumber("resident", d.Resident);
        json.WriteNumber("running", d.Running);
        json.WriteNumber("waiting", d.Waiting);
        json.WriteNumber("prefill_tokens_per_second", Math.Round(d.PrefillTokensPerSecond, 1));
        json.WriteNumber("decode_tokens_per_second", Math.Round(d.DecodeTokensPerSecond, 1));
        json.WriteNumber("load_bytes_per_second", Math.Round(view.Observed.LoadBytesPerSecond));
        json.WriteBoolean("draining", d.IsDraining);
        if (d.Failure is { } failure)
        {
            json.WriteString("failure", failure);
        }

        if (view.Pressure is { } pressure)
        {
            json.WriteStartObject("pressure");
            json.WriteNumber("limit_bytes", pressure.LimitBytes);
            json.WriteNumber("used_bytes", pressure.UsedBytes);
            json.WriteNumber("waiting_bytes", pressure.WaitingBytes);
            json.WriteNumber("high_bytes", pressure.HighBytes);
            json.WriteNumber("low_bytes", pressure.LowBytes);
            json.WriteBoolean("pressing", pressure.IsPressing);
            json.WriteBoolean("live_lease", pressure.HasLiveLease);
            json.WriteStartArray("totals");
            foreach (PressureTotal total in pressure.Totals)
            {
                json.WriteStartObject();
                json.WriteString("kind", total.Kind.ToString().ToLowerInvariant());
                json.WriteString("cause", total.Cause);
                json.WriteNumber("count", total.Count);
                json.WriteNumber("freed_bytes", total.FreedBytes);
                json.WriteNumber("dropped_mass", total.DroppedMass);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Cold(Utf8JsonWriter json, IReadOnlyList<ColdObservation> stores)
    {
        json.WriteStartArray("cold");
        foreach (ColdObservation store in stores)
        {
            json.WriteStartObject();
            json.WriteString("kind", store.Kind);
            json.WriteNumber("bytes", store.Bytes);
            json.WriteNumber("copies", store.Copies);
            json.WriteNumber("budget_bytes", store.BudgetBytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Activity(Utf8JsonWriter json, ActivityView activity)
    {
        json.WriteStartObject("activity");
        json.WriteNumber("window_seconds", Math.Round(activity.Seconds, 1));
        Durations(json, "first_token_seconds", activity.FirstToken);
        Durations(json, "per_token_seconds", activity.PerToken);
        Durations(json, "queue_seconds", activity.Queue);
        json.WriteNumber("prompt_tokens_per_second", Math.Round(activity.PromptTokensPerSecond, 1));
        json.WriteNumber("generated_tokens_per_second", Math.Round(activity.GeneratedTokensPerSecond, 1));
        json.WriteNumber("turns_made", activity.Made);
        json.WriteNumber("turns_refused", activity.Refused);
        json.WriteNumber("turns_put_back", activity.PutBack);
        json.WriteStartArray("attached");
        foreach (AttachTally tally in activity.Attached)
        {
            json.WriteStartObject();
            json.WriteString("source", tally.Source);
            json.WriteNumber("count", tally.Count);
            json.WriteNumber("cached_tokens", tally.CachedTokens);
            json.WriteNumber("recomputed_tokens", tally.RecomputedTokens);
            json.WriteNumber("predicted_seconds", tally.PredictedSeconds);
            json.WriteNumber("seconds", tally.Seconds);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("misses");
        foreach ((string cause, long count) in activity.Misses)
        {
            json.WriteNumber(cause, count);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Durations(Utf8JsonWriter json, string name, Percentiles percentiles)
    {
        json.WriteStartObject(name);
        json.WriteNumber("count", percentiles.Count);
        json.WriteNumber("p50", percentiles.P50);
        json.WriteNumber("p95", percentiles.P95);
        json.WriteNumber("p99", percentiles.P99);
        json.WriteEndObject();
    }

    private static void Allocator(Utf8JsonWriter json, AllocatorReport? allocator, ViewScope scope)
    {
        if (allocator is null)
        {
            return;
        }

        json.WriteStartObject("allocator");
        json.WriteNumber("round", allocator.Round);
        json.WriteNumber("threshold", double.IsFinite(allocator.Threshold) ? allocator.Threshold : 0);
        json.WriteNumber("short_bytes", allocator.ShortBytes);
        json.WriteStartArray("leases");
        foreach (LeaseGrant grant in allocator.Grants)
        {
            json.WriteStartObject();
            json.WriteString("node", grant.Node);
            json.WriteNumber("round", grant.Round);
            json.WriteNumber("bytes", grant.Bytes);
            json.WriteNumber("seconds", grant.Duration.TotalSeconds);
            json.WriteStartObject("tenants");
            foreach ((string tenant, TenantGrant part) in grant.Tenants.Where(t => scope.Sees(t.Key)))
            {
                json.WriteNumber(tenant, part.EntitledBytes);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("moves");
        foreach (MoveOrder move in allocator.RecentMoves)
        {
            json.WriteStartObject();
            json.WriteString("from", move.From);
            json.WriteString("to", move.To);
            json.WriteNumber("bytes", move.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
