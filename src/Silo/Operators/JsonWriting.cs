using System.Text.Json;

namespace KVCluster.Silo.Operators;

/// <summary>Objects and arrays of objects, opened and closed in one place.</summary>
internal static class JsonWriting
{
    /// <summary>An object as a property.</summary>
    public static void WriteObject<T>(this Utf8JsonWriter json, string name, T value, Action<Utf8JsonWriter, T> fields)
    {
        json.WriteStartObject(name);
        fields(json, value);
        json.WriteEndObject();
    }

    /// <summary>An array of objects as a property.</summary>
    public static void WriteObjects<T>(this Utf8JsonWriter json, string name, IEnumerable<T> values, Action<Utf8JsonWriter, T> fields)
    {
        json.WriteStartArray(name);
        foreach (T value in values)
        {
            json.WriteStartObject();
            fields(json, value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>An object of counts by name.</summary>
    public static void WriteCounts(this Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, long>> counts) =>
        json.WriteObject(name, counts, (j, all) =>
        {
            foreach ((string of, long count) in all)
            {
                j.WriteNumber(of, count);
            }
        });
}
