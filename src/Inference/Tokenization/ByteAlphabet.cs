namespace KVCluster.Inference.Tokenization;

/// <summary>
/// GPT-2's alphabet for bytes (Radford et al., 2019): vocabularies are text files, so each byte is written as a printable character.
/// Printable Latin-1 stands for itself; the other bytes, in order, are U+0100 and up.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] _chars = BuildChars();
    private static readonly short[] _bytes = BuildBytes();

    /// <summary>The character that stands for a byte.</summary>
    public static char ToChar(byte value) => _chars[value];

    /// <summary>The bytes of a token in the alphabet; false where a character is not of it.</summary>
    public static bool TryGetBytes(string token, Span<byte> destination)
    {
        for (int i = 0; i < token.Length; i++)
        {
            char c = token[i];
            if (c >= _bytes.Length || _bytes[c] < 0)
            {
                return false;
            }

            destination[i] = (byte)_bytes[c];
        }

        return true;
    }

    private static char[] BuildChars()
    {
        char[] chars = new char[256];
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            chars[b] = printable ? (char)b : (char)next++;
        }

        return chars;
    }

    private static short[] BuildBytes()
    {
        short[] bytes = new short[_chars.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int b = 0; b < 256; b++)
        {
            bytes[_chars[b]] = (short)b;
        }

        return bytes;
    }
}
