using System.Buffers.Binary;
using KVCluster.Storage.Format;

namespace KVCluster.Storage.Tests.Support;

/// <summary>Damages a plain manifest's body and makes its checksum right again.</summary>
internal static class ManifestForge
{
    public static byte[] Damage(byte[] manifest, Random random)
    {
        int start = 20;
        int end = manifest.Length - 9;
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            manifest[random.Next(start, end)] = random.Next(3) switch
            {
                0 => 0,
                1 => 0xff,
                _ => (byte)random.Next(256),
            };
        }

        BinaryPrimitives.WriteUInt64BigEndian(manifest.AsSpan(end + 1), Checksum64.Of(manifest.AsSpan(0, end)));
        return manifest;
    }
}
