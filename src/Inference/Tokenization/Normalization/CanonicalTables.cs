using System.IO.Compression;

namespace KVCluster.Inference.Tokenization.Normalization;

/// <summary>
/// Unicode's canonical decompositions, compositions and combining classes, by code point. Hangul syllables are not in them.
/// </summary>
internal static class CanonicalTables
{
    private static readonly Dictionary<int, (int First, int Second)> _decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> _compositions = [];
    private static readonly Dictionary<int, byte> _classes = [];

    static CanonicalTables()
    {
        using var packed = new MemoryStream(Convert.FromBase64String(CanonicalData.Packed));
        using var data = new ZLibStream(packed, CompressionMode.Decompress);
        using var reader = new BinaryReader(data);
        int point = 0;
        for (int left = reader.Read7BitEncodedInt(); left > 0; left--)
        {
            point += reader.Read7BitEncodedInt();
            (int, int) parts = (reader.Read7BitEncodedInt(), reader.Read7BitEncodedInt());
            _decompositions[point] = parts;
            if (reader.Read7BitEncodedInt() != 0)
            {
                _compositions[parts] = point;
            }
        }

        point = 0;
        for (int left = reader.Read7BitEncodedInt(); left > 0; left--)
        {
            point += reader.Read7BitEncodedInt();
            _classes[point] = (byte)reader.Read7BitEncodedInt();
        }
    }

    /// <summary>Canonical combining class; 0 for starters.</summary>
    public static int CombiningClass(int point) => point < 0x0300 ? 0 : _classes.GetValueOrDefault(point);

    /// <summary>One step of decomposition; the second part is 0 where there is but one.</summary>
    public static bool TryDecompose(int point, out (int First, int Second) parts) => _decompositions.TryGetValue(point, out parts);

    /// <summary>The primary composite of two characters.</summary>
    public static bool TryCompose(int first, int second, out int composed) => _compositions.TryGetValue((first, second), out composed);
}
