using System.Text;

namespace KVCluster.Inference.Tokenization;

/// <summary>Tokens by id (their bytes, one after another in a single array) and ids by token.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Dictionary<string, int> _addedIds = new(StringComparer.Ordinal);
    private readonly byte[] _bytes;
    private readonly int[] _offsets;
    private readonly bool[] _special;

    /// <summary>Takes tokens by id in GPT-2's byte alphabet (null where an id has none); added tokens are written as they are.</summary>
    public Vocabulary(IReadOnlyList<string?> tokens, IEnumerable<AddedToken> added)
    {
        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        Dictionary<int, AddedToken> addedById = [];
        foreach (AddedToken token in added)
        {
            addedById[token.Id] = token;
            _addedIds.TryAdd(token.Text, token.Id);
        }

        using var bytes = new MemoryStream();
        _offsets = new int[tokens.Count + 1];
        _special = new bool[tokens.Count];
        for (int id = 0; id < tokens.Count; id++)
        {
            if (tokens[id] is { } text)
            {
                _ids.TryAdd(text, id);
            }

            addedById.TryGetValue(id, out AddedToken? token);
            _special[id] = token is { Special: true };
            bytes.Write(token is null ? BytesOf(tokens[id] ?? "") : Encoding.UTF8.GetBytes(token.Text));
            _offsets[id + 1] = checked((int)bytes.Length);
        }

        _bytes = bytes.ToArray();
        for (int b = 0; b < 256; b++)
        {
            ByteIds[b] = FindWritten([ByteAlphabet.ToChar((byte)b)]) ?? -1;
        }
    }

    /// <summary>Ids 0 .. Size - 1 are valid.</summary>
    public int Size => _special.Length;

    /// <summary>[256] the token of each single byte, or -1: a vocabulary may lack bytes that its training text never held.</summary>
    public int[] ByteIds { get; } = new int[256];

    /// <summary>The bytes of a token.</summary>
    public ReadOnlySpan<byte> Bytes(int id) => _bytes.AsSpan(_offsets[id].._offsets[id + 1]);

    /// <summary>Whether a token is special.</summary>
    public bool IsSpecial(int id) => _special[id];

    /// <summary>The id of a token given in the byte alphabet.</summary>
    public int? FindWritten(ReadOnlySpan<char> token) => _lookup.TryGetValue(token, out int id) ? id : null;

    /// <summary>The id of a token given as plain text: an added token, else the token whose bytes are the text's.</summary>
    public int? FindText(string text) =>
        _addedIds.TryGetValue(text, out int id) ? id : FindBytes(Encoding.UTF8.GetBytes(text));

    /// <summary>The id of the token that is exactly these bytes.</summary>
    public int? FindBytes(ReadOnlySpan<byte> bytes)
    {
        Span<char> written = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            written[i] = ByteAlphabet.ToChar(bytes[i]);
        }

        return FindWritten(written);
    }

    private static byte[] BytesOf(string token)
    {
        byte[] bytes = new byte[token.Length];
        return ByteAlphabet.TryGetBytes(token, bytes) ? bytes : Encoding.UTF8.GetBytes(token);
    }
}
