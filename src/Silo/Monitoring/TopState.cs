using System.Text.Json;

namespace KVCluster.Silo.Monitoring;

/// <summary>What <c>kvcluster top</c> knows, as the server's events tell it.</summary>
internal sealed class TopState
{
    private const int KeptEvents = 50;
    private readonly Dictionary<string, JsonElement> _sessions = new(StringComparer.Ordinal);
    private readonly List<JsonElement> _events = [];

    /// <summary>The last snapshot; null before the first.</summary>
    public JsonElement? Snapshot { get; private set; }

    /// <summary>Sessions by memory held, most first.</summary>
    public IEnumerable<JsonElement> Sessions => _sessions.Values
        .OrderByDescending(s => s.GetProperty("bytes").GetInt64()).ThenByDescending(s => s.GetProperty("used").GetInt64());

    public int SessionCount => _sessions.Count;

    /// <summary>Pressure events, newest first.</summary>
    public IEnumerable<JsonElement> Events => _events.AsEnumerable().Reverse();

    /// <summary>Takes an event of the stream.</summary>
    public void Take(string name, string data)
    {
        JsonElement value = JsonSerializer.Deserialize(data, TopJson.Default.JsonElement);
        switch (name)
        {
            case "hello":
                _sessions.Clear();
                _events.Clear();
                break;
            case "sessions":
                TakeSessions(value);
                break;
            case "events":
                _events.AddRange(value.EnumerateArray());
                _events.RemoveRange(0, Math.Max(0, _events.Count - KeptEvents));
                break;
            case "snapshot":
                Snapshot = value;
                break;
        }
    }

    private void TakeSessions(JsonElement value)
    {
        if (value.GetProperty("whole").GetBoolean())
        {
            _sessions.Clear();
        }

        foreach (JsonElement row in value.GetProperty("rows").EnumerateArray())
        {
            _sessions[row.GetProperty("key").GetString()!] = row;
        }

        foreach (JsonElement key in value.GetProperty("gone").EnumerateArray())
        {
            _sessions.Remove(key.GetString()!);
        }
    }
}
