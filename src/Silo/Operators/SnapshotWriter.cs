using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace KVCluster.Silo.Operators;

/// <summary>Writes polls as JSON and as server-sent events: <c>history</c>, <c>sessions</c>, <c>events</c>, <c>snapshot</c> (docs/operations/operators-guide.md).</summary>
internal static class SnapshotWriter
{
    private const int HistoryPoints = 300;
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The snapshot alone.</summary>
    public static byte[] Json(ClusterSnapshot snapshot, ViewScope scope)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            SnapshotJson.Write(json, snapshot, scope);
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] Update(ClusterSnapshot snapshot, IReadOnlyList<SessionRow> changed, IReadOnlyList<(string Key, string Tenant)> gone, ViewScope scope)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        SessionRow[] rows = [.. changed.Where(r => scope.Sees(r.Tenant))];
        string[] closed = [.. gone.Where(g => scope.Sees(g.Tenant)).Select(g => g.Key)];
        if (rows.Length + closed.Length > 0)
        {
            Event(buffer, "sessions", json => Sessions(json, rows, closed, whole: false));
        }

        if (snapshot.Events.Count > 0)
        {
            Event(buffer, "events", json => Events(json, snapshot.Events, scope));
        }

        Event(buffer, "snapshot", json => SnapshotJson.Write(json, snapshot, scope));
        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] Beginning(
        ClusterSnapshot snapshot, IReadOnlyCollection<HistoryPoint> history, IEnumerable<SessionRow> sessions, IEnumerable<DeviceEvent> events, ViewScope scope)
    {
        var buffer = new ArrayBufferWriter<byte>(64 << 10);
        Event(buffer, "history", json => History(json, history));
        Event(buffer, "sessions", json => Sessions(json, sessions.Where(r => scope.Sees(r.Tenant)), [], whole: true));
        Event(buffer, "events", json => Events(json, events, scope));
        Event(buffer, "snapshot", json => SnapshotJson.Write(json, snapshot, scope));
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Sessions alone.</summary>
    public static byte[] SessionList(IEnumerable<SessionRow> rows, int total)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteNumber("total", total);
            json.WriteStartArray("rows");
            foreach (SessionRow row in rows)
            {
                Row(json, row);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Event(ArrayBufferWriter<byte> buffer, string name, Action<Utf8JsonWriter> write)
    {
        buffer.Write("event: "u8);
        buffer.Write(System.Text.Encoding.ASCII.GetBytes(name));
        buffer.Write("\ndata: "u8);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            write(json);
        }

        buffer.Write("\n\n"u8);
    }

    private static void History(Utf8JsonWriter json, IReadOnlyCollection<HistoryPoint> history)
    {
        int step = Math.Max(1, history.Count / HistoryPoints);
        HistoryPoint[] points = [.. history.Where((_, i) => (history.Count - 1 - i) % step == 0)];
        json.WriteStartArray();
        foreach (HistoryPoint point in points)
        {
            json.WriteStartObject();
            json.WriteNumber("at", point.At.ToUnixTimeMilliseconds());
            json.WriteNumber("cold", point.ColdBytes);
            json.WriteStartObject("devices");
            foreach (DevicePoint device in point.Devices)
            {
                json.WriteStartArray(device.Name);
                json.WriteNumberValue(device.Free);
                json.WriteNumberValue(device.Evictable);
                json.WriteNumberValue(device.Pinned);
                json.WriteNumberValue(device.Waiting);
                json.WriteEndArray();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Sessions(Utf8JsonWriter json, IEnumerable<SessionRow> rows, IReadOnlyList<string> gone, bool whole)
    {
        json.WriteStartObject();
        json.WriteBoolean("whole", whole);
        json.WriteStartArray("rows");
        foreach (SessionRow row in rows)
        {
            Row(json, row);
        }

        json.WriteEndArray();
        json.WriteStartArray("gone");
        foreach (string key in gone)
        {
            json.WriteStringValue(key);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Short names: there are thousands.</summary>
    private static void Row(Utf8JsonWriter json, SessionRow row)
    {
        json.WriteStartObject();
        json.WriteString("key", row.Key);
        json.WriteString("phase", row.Phase.ToString().ToLowerInvariant());
        json.WriteString("node", row.Node);
        json.WriteString("device", row.Device);
        json.WriteNumber("tokens", row.Tokens);
        json.WriteNumber("kept", Math.Round(row.KeptTokens, 1));
        json.WriteNumber("bytes", row.Bytes);
        json.WriteNumber("cold", row.ColdBytes);
        json.WriteNumber("cuts", row.Compressions);
        json.WriteNumber("used", row.LastUsed.ToUnixTimeMilliseconds());
        json.WriteEndObject();
    }

    private static void Events(Utf8JsonWriter json, IEnumerable<DeviceEvent> events, ViewScope scope)
    {
        json.WriteStartArray();
        foreach (DeviceEvent happened in events)
        {
            SnapshotJson.Event(json, happened, scope);
        }

        json.WriteEndArray();
    }
}
