using System.Text;
using System.Text.RegularExpressions;

namespace KVCluster.Inference.Tokenization;

/// <summary>
/// Encodes text without special tokens: split into pieces, pieces to bytes, bytes to merged tokens. One object for one call.
/// </summary>
internal sealed class PieceEncoder
{
    private readonly TokenizerDefinition _definition;
    private readonly BpeMerger _merger;
    private readonly List<int> _ids;
    private readonly List<int> _merged = [];
    private byte[] _bytes = new byte[256];
    private int[] _symbols = new int[256];

    public PieceEncoder(TokenizerDefinition definition, List<int> ids)
    {
        _definition = definition;
        _merger = new BpeMerger(definition.Merges);
        _ids = ids;
    }

    /// <summary>Appends the ids of a text.</summary>
    public void Encode(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return;
        }

        try
        {
            foreach ((int start, int length) in _definition.PreTokenizer.Split(text))
            {
                EncodePiece(text.Slice(start, length));
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InputException($"the tokenizer's split pattern '{e.Pattern}' takes too long on this text", e);
        }
    }

    private void EncodePiece(ReadOnlySpan<char> piece)
    {
        int most = Encoding.UTF8.GetMaxByteCount(piece.Length);
        if (most > _bytes.Length)
        {
            _bytes = new byte[most * 2];
            _symbols = new int[most * 2];
        }

        ReadOnlySpan<byte> bytes = _bytes.AsSpan(0, Encoding.UTF8.GetBytes(piece, _bytes));
        if (_definition.IgnoreMerges && _definition.Vocabulary.FindBytes(bytes) is { } whole)
        {
            _ids.Add(whole);
            return;
        }

        Span<int> symbols = _symbols.AsSpan(0, bytes.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            symbols[i] = _definition.Vocabulary.ByteIds[bytes[i]];
        }

        _merged.Clear();
        _merger.Merge(symbols, _merged);
        bool afterUnknown = false;
        foreach (int id in _merged)
        {
            bool unknown = id < 0;
            if (!unknown)
            {
                _ids.Add(id);
            }
            else if (_definition.UnknownId is { } unknownId && !(afterUnknown && _definition.FuseUnknown))
            {
                _ids.Add(unknownId);
            }

            afterUnknown = unknown;
        }
    }
}
