using System.Text;

namespace KVCluster.Evaluation.Tasks.Needle;

/// <summary>CRC-32 as in zlib (polynomial 0xEDB88320, reflected): how training told its held-out keys.</summary>
internal static class Crc32
{
    public static uint Of(string text)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
            }
        }

        return ~crc;
    }
}
