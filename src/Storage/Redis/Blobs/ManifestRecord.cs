using System.Security.Cryptography;
using System.Text;
using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Redis.Blobs;

/// <summary>A manifest as the hash at its key has it.</summary>
internal static class ManifestRecord
{
    /// <summary>Fields, in the order of <see cref="Read"/>.</summary>
    public static RedisArgument[] Fields { get; } = ["e", "g", "f", "b", "c"];

    /// <summary>Frames as one word list.</summary>
    public static string Join(IEnumerable<FrameId> frames) => string.Join(' ', frames);

    /// <summary>Frames out of a word list; null where it is not one.</summary>
    public static List<FrameId>? Split(string words)
    {
        var frames = new List<FrameId>();
        foreach (string word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!FrameId.TryParse(word, out FrameId frame))
            {
                return null;
            }

            frames.Add(frame);
        }

        return frames;
    }

    /// <summary>The checksum of the other four, as the scripts compute it. It tells damage, not forgery.</summary>
    public static string Checksum(string epoch, string generation, ReadOnlySpan<byte> frames, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"{epoch} {generation} "));
        hash.AppendData(frames);
        hash.AppendData(" "u8);
        hash.AppendData(body);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Reads the fields; null where there is no manifest.</summary>
    public static StoredManifest? Read(IReadOnlyList<RespValue> fields)
    {
        if (fields.All(f => f.IsNull))
        {
            return null;
        }

        string epoch = fields[0].Text;
        string generation = fields[1].Text;
        bool whole = !fields.Any(f => f.IsNull)
            & BlobKeys.TryParseSortable(epoch, out long e)
            & BlobKeys.TryParseSortable(generation, out long g)
            && Checksum(epoch, generation, fields[2].Bytes.Span, fields[3].Bytes.Span) == fields[4].Text;
        return new StoredManifest { Stamp = new ManifestStamp(e, g), Body = fields[3].Bytes, IsDamaged = !whole };
    }
}
