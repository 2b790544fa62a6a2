using System.Buffers;
using KVCluster.Inference;

namespace KVCluster.Grains;

/// <summary>
/// Token ids as bytes: 7 bits a byte, least significant first, the high bit set in all but a token's last (LEB128). Two or three bytes a
/// token, and joined histories are joined bytes.
/// </summary>
internal static class TokenBytes
{
    private const int MaxBytes = 5;

    /// <summary><paramref name="history"/> with tokens added.</summary>
    public static byte[] Append(ReadOnlySpan<byte> history, ReadOnlySpan<int> tokens)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(tokens.Length * MaxBytes);
        try
        {
            int length = 0;
            foreach (int token in tokens)
            {
                uint rest = (uint)token;
                for (; rest >= 0x80; rest >>= 7)
                {
                    rented[length++] = (byte)(rest | 0x80);
                }

                rented[length++] = (byte)rest;
            }

            byte[] joined = GC.AllocateUninitializedArray<byte>(history.Length + length);
            history.CopyTo(joined);
            rented.AsSpan(0, length).CopyTo(joined.AsSpan(history.Length));
            return joined;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>The first <paramref name="count"/> tokens.</summary>
    /// <exception cref="InputException">The bytes are not that many tokens.</exception>
    public static int[] Decode(ReadOnlySpan<byte> history, int count)
    {
        int[] tokens = new int[count];
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            tokens[i] = Next(history, ref at);
        }

        return tokens;
    }

    /// <summary>Bytes that the first <paramref name="count"/> tokens take.</summary>
    /// <exception cref="InputException">There are fewer.</exception>
    public static int Measure(ReadOnlySpan<byte> history, int count)
    {
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            _ = Next(history, ref at);
        }

        return at;
    }

    /// <summary>How many tokens the bytes are.</summary>
    /// <exception cref="InputException">They end within a token.</exception>
    public static int Count(ReadOnlySpan<byte> history)
    {
        int count = 0;
        for (int at = 0; at < history.Length; count++)
        {
            _ = Next(history, ref at);
        }

        return count;
    }

    private static int Next(ReadOnlySpan<byte> history, ref int at)
    {
        uint token = 0;
        for (int shift = 0; shift < 7 * MaxBytes; shift += 7)
        {
            if (at >= history.Length)
            {
                throw new InputException($"a token history of {history.Length} bytes ends within a token");
            }

            byte next = history[at++];
            token |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return (int)token;
            }
        }

        throw new InputException($"a token history has no token at byte {at - MaxBytes}");
    }
}
