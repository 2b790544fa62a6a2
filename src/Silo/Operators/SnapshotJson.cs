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
        json.WriteObject("sessions", (Counts: snapshot.Sessions, scope.SeesAll), Sessions);
        json.WriteObjects("nodes", snapshot.Nodes, Node);
        json.WriteObjects("cold", snapshot.Cold, Cold);
        json.WriteObject("activity", snapshot.Activity, Activity);
        if (snapshot.Allocator is { } allocator)
        {
            json.WriteObject("allocator", (allocator, scope), Allocator);
        }

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

    private static void Sessions(Utf8JsonWriter json, (SessionCounts Counts, bool WithAll) sessions)
    {
        json.WriteNumber("on_device", sessions.Counts.OnDevice);
        json.WriteNumber("running", sessions.Counts.Running);
        if (sessions.WithAll)
        {
            json.WriteNumber("all", sessions.Counts.All);
        }
    }

    private static void Node(Utf8JsonWriter json, NodeView node)
    {
        json.WriteString("name", node.Name);
        json.WriteObjects("devices", node.Devices, Device);
    }

    private static void Device(Utf8JsonWriter json, DeviceView view)
    {
        DeviceReport d = view.Observed.Report;
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
            json.WriteObject("pressure", pressure, Pressure);
        }
    }

    private static void Pressure(Utf8JsonWriter json, PressureReport pressure)
    {
        json.WriteNumber("limit_bytes", pressure.LimitBytes);
        json.WriteNumber("used_bytes", pressure.UsedBytes);
        json.WriteNumber("waiting_bytes", pressure.WaitingBytes);
        json.WriteNumber("high_bytes", pressure.HighBytes);
        json.WriteNumber("low_bytes", pressure.LowBytes);
        json.WriteBoolean("pressing", pressure.IsPressing);
        json.WriteBoolean("live_lease", pressure.HasLiveLease);
        json.WriteObjects("totals", pressure.Totals, (j, total) =>
        {
            j.WriteString("kind", total.Kind.ToString().ToLowerInvariant());
            j.WriteString("cause", total.Cause);
            j.WriteNumber("count", total.Count);
            j.WriteNumber("freed_bytes", total.FreedBytes);
            j.WriteNumber("dropped_mass", total.DroppedMass);
        });
    }

    private static void Cold(Utf8JsonWriter json, ColdObservation store)
    {
        json.WriteString("kind", store.Kind);
        json.WriteNumber("bytes", store.Bytes);
        json.WriteNumber("copies", store.Copies);
        json.WriteNumber("budget_bytes", store.BudgetBytes);
    }

    private static void Activity(Utf8JsonWriter json, ActivityView activity)
    {
        json.WriteNumber("window_seconds", Math.Round(activity.Seconds, 1));
        json.WriteObject("first_token_seconds", activity.FirstToken, Durations);
        json.WriteObject("per_token_seconds", activity.PerToken, Durations);
        json.WriteObject("queue_seconds", activity.Queue, Durations);
        json.WriteNumber("prompt_tokens_per_second", Math.Round(activity.PromptTokensPerSecond, 1));
        json.WriteNumber("generated_tokens_per_second", Math.Round(activity.GeneratedTokensPerSecond, 1));
        json.WriteNumber("turns_made", activity.Made);
        json.WriteNumber("turns_refused", activity.Refused);
        json.WriteNumber("turns_put_back", activity.PutBack);
        json.WriteObjects("attached", activity.Attached, (j, tally) =>
        {
            j.WriteString("source", tally.Source);
            j.WriteNumber("count", tally.Count);
            j.WriteNumber("cached_tokens", tally.CachedTokens);
            j.WriteNumber("recomputed_tokens", tally.RecomputedTokens);
            j.WriteNumber("predicted_seconds", tally.PredictedSeconds);
            j.WriteNumber("seconds", tally.Seconds);
        });
        json.WriteCounts("misses", activity.Misses);
    }

    private static void Durations(Utf8JsonWriter json, Percentiles percentiles)
    {
        json.WriteNumber("count", percentiles.Count);
        json.WriteNumber("p50", percentiles.P50);
        json.WriteNumber("p95", percentiles.P95);
        json.WriteNumber("p99", percentiles.P99);
    }

    private static void Allocator(Utf8JsonWriter json, (AllocatorReport Report, ViewScope Scope) of)
    {
        (AllocatorReport allocator, ViewScope scope) = of;
        json.WriteNumber("round", allocator.Round);
        json.WriteNumber("threshold", double.IsFinite(allocator.Threshold) ? allocator.Threshold : 0);
        json.WriteNumber("short_bytes", allocator.ShortBytes);
        json.WriteObjects("leases", allocator.Grants, (j, grant) =>
        {
            j.WriteString("node", grant.Node);
            j.WriteNumber("round", grant.Round);
            j.WriteNumber("bytes", grant.Bytes);
            j.WriteNumber("seconds", grant.Duration.TotalSeconds);
            j.WriteCounts("tenants", grant.Tenants.Where(t => scope.Sees(t.Key)).Select(t => KeyValuePair.Create(t.Key, t.Value.EntitledBytes)));
        });
        json.WriteObjects("moves", allocator.RecentMoves, (j, move) =>
        {
            j.WriteString("from", move.From);
            j.WriteString("to", move.To);
            j.WriteNumber("bytes", move.Bytes);
        });
    }
}
