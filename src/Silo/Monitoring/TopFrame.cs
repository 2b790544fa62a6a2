using System.Globalization;
using System.Text.Json;
using KVCluster.Silo.Rendering;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace KVCluster.Silo.Monitoring;

/// <summary>One picture of <c>kvcluster top</c>: what the dashboard shows, in lines.</summary>
internal static class TopFrame
{
    private const int BarWidth = 24;
    private const int EventLines = 5;

    /// <param name="state">What is known.</param>
    /// <param name="height">Lines there are.</param>
    /// <param name="fault">Why nothing newer comes; null while it does.</param>
    public static IRenderable Of(TopState state, int height, string? fault)
    {
        if (state.Snapshot is not { } snapshot)
        {
            return new Text(fault is null ? "Connecting…" : $"Disconnected: {fault}");
        }

        JsonElement[] events = [.. state.Events.Take(EventLines)];
        Table devices = Devices(snapshot);
        int left = Math.Max(3, height - devices.Rows.Count - events.Length - 13);
        return new Rows(
            new Markup(Head(snapshot, state, fault)),
            devices,
            new Markup(Activity(snapshot.GetProperty("activity"))),
            Sessions(state, left),
            Events(events));
    }

    private static string Head(JsonElement snapshot, TopState state, string? fault)
    {
        string at = DateTimeOffset.FromUnixTimeMilliseconds(snapshot.GetProperty("at").GetInt64()).ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        string shown = fault is null ? "[green]live[/]" : $"[red]disconnected: {Markup.Escape(fault)}[/]";
        JsonElement sessions = snapshot.GetProperty("sessions");
        return $"[bold]KVCluster[/] {at} UTC {shown}  {Amount.Count(state.SessionCount)} sessions, {sessions.GetProperty("on_device").GetInt32()} on devices, "
            + $"{sessions.GetProperty("running").GetInt32()} generating{Cold(snapshot)}";
    }

    private static string Cold(JsonElement snapshot) => string.Concat(snapshot.GetProperty("cold").EnumerateArray().Select(c =>
        $", cold {Amount.Bytes(c.GetProperty("bytes").GetInt64())} of {Amount.Bytes(c.GetProperty("budget_bytes").GetInt64())}"));

    private static Table Devices(JsonElement snapshot)
    {
        Table table = new Table().Border(TableBorder.Simple)
            .AddColumns("device", "held", "", "pinned", "evictable", "free", "sessions", "running", "waiting", "state");
        foreach (JsonElement node in snapshot.GetProperty("nodes").EnumerateArray())
        {
            foreach (JsonElement device in node.GetProperty("devices").EnumerateArray())
            {
                table.AddRow(Device(node.GetProperty("name").GetString()!, device));
            }
        }

        return table;
    }

    private static IRenderable[] Device(string node, JsonElement device)
    {
        long total = device.GetProperty("total_bytes").GetInt64();
        long free = device.GetProperty("free_bytes").GetInt64();
        long high = device.TryGetProperty("pressure", out JsonElement pressure) ? pressure.GetProperty("high_bytes").GetInt64() : long.MaxValue;
        double share = total == 0 ? 0 : (double)(total - free) / total;
        string colour = total - free > high ? "yellow" : "green";
        int filled = (int)Math.Round(share * BarWidth);
        return
        [
            new Text($"{node}/{device.GetProperty("name").GetString()}"),
            new Text(string.Create(CultureInfo.InvariantCulture, $"{share * 100:0} %")),
            new Markup($"[{colour}]{new string('█', filled)}[/][grey]{new string('░', BarWidth - filled)}[/]"),
            new Text(Amount.Bytes(device.GetProperty("pinned_bytes").GetInt64())),
            new Text(Amount.Bytes(device.GetProperty("evictable_bytes").GetInt64())),
            new Text(Amount.Bytes(free)),
            new Text(device.GetProperty("resident").GetInt32().ToString(CultureInfo.InvariantCulture)),
            new Text(device.GetProperty("running").GetInt32().ToString(CultureInfo.InvariantCulture)),
            new Text(device.GetProperty("waiting").GetInt32().ToString(CultureInfo.InvariantCulture)),
            new Text(StateOf(device, pressure)),
        ];
    }

    private static string StateOf(JsonElement device, JsonElement pressure) => device.TryGetProperty("failure", out JsonElement failure)
        ? $"failed: {failure.GetString()}"
        : device.GetProperty("draining").GetBoolean() ? "draining"
        : pressure.ValueKind == JsonValueKind.Object && pressure.GetProperty("pressing").GetBoolean() ? "freeing memory"
        : "at ease";

    private static string Activity(JsonElement activity)
    {
        long cached = activity.GetProperty("attached").EnumerateArray().Sum(a => a.GetProperty("cached_tokens").GetInt64());
        long again = activity.GetProperty("attached").EnumerateArray().Sum(a => a.GetProperty("recomputed_tokens").GetInt64());
        string hits = cached + again == 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * cached / (cached + again):0} %");
        return $"last minute: first token {Durations(activity.GetProperty("first_token_seconds"))}, further tokens {Durations(activity.GetProperty("per_token_seconds"))}, "
            + $"history not computed again {hits}, {Number(activity, "generated_tokens_per_second")} tokens/s generated, "
            + $"{activity.GetProperty("turns_refused").GetInt64()} turns refused";
    }

    private static string Durations(JsonElement d) => d.GetProperty("count").GetInt64() == 0
        ? "–"
        : string.Create(CultureInfo.InvariantCulture, $"{1000 * d.GetProperty("p50").GetDouble():0.0} ms (p95 {1000 * d.GetProperty("p95").GetDouble():0.0})");

    private static string Number(JsonElement value, string name) => value.GetProperty(name).GetDouble().ToString("0.0", CultureInfo.InvariantCulture);

    private static Table Sessions(TopState state, int rows)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns("session", "phase", "place", "tokens", "kept", "memory", "cold copy");
        foreach (JsonElement s in state.Sessions.Take(rows))
        {
            long bytes = s.GetProperty("bytes").GetInt64();
            int tokens = s.GetProperty("tokens").GetInt32();
            string kept = bytes == 0 || tokens == 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100 * s.GetProperty("kept").GetDouble() / tokens:0} %");
            string device = s.GetProperty("device").GetString()!;
            table.AddRow(
                new Text(s.GetProperty("key").GetString()!),
                new Text(s.GetProperty("phase").GetString()!),
                new Text(device.Length > 0 ? $"{s.GetProperty("node").GetString()}/{device}" : s.GetProperty("node").GetString()!),
                new Text(Amount.Count(tokens)),
                new Text(kept),
                new Text(bytes == 0 ? "–" : Amount.Bytes(bytes)),
                new Text(s.GetProperty("cold").GetInt64() is > 0 and long cold ? Amount.Bytes(cold) : "–"));
        }

        return table;
    }

    private static IRenderable Events(JsonElement[] events) => new Rows(events.Select(e => new Text(string.Create(
        CultureInfo.InvariantCulture,
        $"{DateTimeOffset.FromUnixTimeMilliseconds(e.GetProperty("at").GetInt64()):HH:mm:ss} {e.GetProperty("kind").GetString()} {e.GetProperty("session").GetString()} "
        + $"{Amount.Bytes(e.GetProperty("freed_bytes").GetInt64())} ({e.GetProperty("cause").GetString()})"))));
}
