using System.Text.Json;

namespace KVCluster.Worker.Serving.Device;

/// <summary>What compressions did to a cache, as bytes that travel with its cold copy.</summary>
internal static class CompressionRecords
{
    /// <summary>No bytes for no compression.</summary>
    public static byte[] Write(IReadOnlyList<CompressionReport> reports) =>
        reports.Count == 0 ? [] : JsonSerializer.SerializeToUtf8Bytes(reports.Select(StoredReport.Of));

    /// <summary>Bytes that cannot be read tell nothing; the cache they came with is verified by other means.</summary>
    public static IReadOnlyList<CompressionReport> Read(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return [];
        }

        try
        {
            return [.. JsonSerializer.Deserialize<StoredReport[]>(bytes.Span)!.Select(stored => stored.ToReport())];
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NullReferenceException)
        {
            return [];
        }
    }
}
