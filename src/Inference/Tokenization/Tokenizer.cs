using System.Runtime.InteropServices;
using System.Text;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization.Normalization;

namespace KVCluster.Inference.Tokenization;

/// <summary>
/// Byte-level byte-pair encoding (Sennrich et al., 2016; Radford et al., 2019): special tokens are cut out, the rest is split into
/// pieces, and the bytes of each piece merged by rank. Immutable; any number of threads may use it at once.
/// </summary>
public sealed class Tokenizer
{
    private readonly TokenizerDefinition _definition;
    private readonly Vocabulary _vocabulary;
    private readonly AddedTokenMatcher _rawTokens;
    private readonly AddedTokenMatcher _normalizedTokens;

    internal Tokenizer(TokenizerDefinition definition)
    {
        _definition = definition;
        _vocabulary = definition.Vocabulary;

        // Special tokens are always looked for in the raw text: only there is it known who wrote what.
        _rawTokens = new AddedTokenMatcher(definition.AddedTokens.Where(t => t.Special || !t.Normalized));
        _normalizedTokens = new AddedTokenMatcher(definition.AddedTokens.Where(t => !t.Special && t.Normalized));
    }

    /// <summary>Number of ids, V: valid ids are 0 .. V - 1. A model may have more rows than its tokenizer has ids.</summary>
    public int VocabularySize => _vocabulary.Size;

    /// <summary>The token that begins a text, if there is one.</summary>
    public int? BosId => NamedId("bos_token");

    /// <summary>The token that ends a text or a turn, if there is one.</summary>
    public int? EosId => NamedId("eos_token");

    /// <summary>The model expects <see cref="BosId"/> before a bare text. Chat templates write it themselves.</summary>
    public bool AddBos => _definition.AddBos && BosId is not null;

    /// <summary>
    /// Texts of special tokens by role: "bos_token", "eos_token", "unk_token", "pad_token" and so on, as far as the model names them.
    /// </summary>
    public IReadOnlyDictionary<string, string> NamedTokens => _definition.NamedTokens;

    /// <summary>
    /// Reads a Hugging Face folder: tokenizer.json, and where present tokenizer_config.json and special_tokens_map.json.
    /// Throws <see cref="ModelFormatException"/> naming the file and the construct this tokenizer does not have.
    /// </summary>
    public static Tokenizer FromHuggingFace(string folder) => new(HuggingFaceTokenizerReader.Read(folder));

    /// <summary>
    /// Reads GGUF metadata (tokenizer.ggml.*). <paramref name="file"/> is named in errors. Throws <see cref="ModelFormatException"/>.
    /// </summary>
    public static Tokenizer FromGguf(IReadOnlyDictionary<string, object> metadata, string file = "GGUF metadata") =>
        new(GgufTokenizerReader.Read(metadata, file));

    /// <summary>The tokenizer that belongs to a model. Throws <see cref="ModelFormatException"/>.</summary>
    public static Tokenizer Load(LoadedModel model) => model.Format switch
    {
        "huggingface" => FromHuggingFace(model.Path),
        "gguf" => FromGguf(model.Metadata, model.Path),
        string other => throw new ModelFormatException(model.Path, $"no tokenizer is known for models of format '{other}'"),
    };

    /// <summary>
    /// Token ids of a text; nothing is added at either end. Special tokens written in the text become their ids if
    /// <paramref name="parseSpecial"/>, and are plain text otherwise (added tokens that are not special are always found). Unpaired
    /// surrogates count as U+FFFD. Bytes that the vocabulary has no token for become the unknown token, or are left out where the
    /// model has none.
    /// </summary>
    public int[] Encode(ReadOnlySpan<char> text, bool parseSpecial) =>
        Encode(text, parseSpecial ? TrustedRanges.Everything : TrustedRanges.Nothing).ToArray();

    /// <summary>As <see cref="Encode(ReadOnlySpan{char}, bool)"/>, with the begin-of-text token first where the model wants one.</summary>
    public int[] EncodeDocument(ReadOnlySpan<char> text, bool parseSpecial)
    {
        int[] ids = Encode(text, parseSpecial);
        return AddBos ? [BosId!.Value, .. ids] : ids;
    }

    /// <summary>
    /// Token ids of a rendered chat. With <paramref name="plainUserText"/> special tokens count only where the frame wrote all of their
    /// text; otherwise they count everywhere. Nothing else depends on where a segment ends: pieces and merges run across the borders.
    /// </summary>
    public int[] Encode(IReadOnlyList<TextSegment> segments, bool plainUserText) =>
        Encode(
            string.Concat(segments.Select(s => s.Text)),
            TrustedRanges.Of(segments.Select(s => (s.Text.Length, !plainUserText || !s.FromUser)))).ToArray();

    /// <summary>
    /// The text of ids; bytes that are no UTF-8 become U+FFFD. Throws <see cref="InputException"/> on an id out of range.
    /// </summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        List<byte> bytes = new(ids.Length * 4);
        foreach (int id in ids)
        {
            ReadOnlySpan<byte> token = TokenBytes(id);
            if (!skipSpecial || !_vocabulary.IsSpecial(id))
            {
                bytes.AddRange(token);
            }
        }

        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes));
    }

    /// <summary>
    /// The bytes of a token, which need not be whole characters. Throws <see cref="InputException"/> on an id out of range.
    /// </summary>
    public ReadOnlySpan<byte> TokenBytes(int id) => _vocabulary.Bytes(Checked(id));

    /// <summary>Whether an id is a control token. Throws <see cref="InputException"/> on an id out of range.</summary>
    public bool IsSpecial(int id) => _vocabulary.IsSpecial(Checked(id));

    /// <summary>The id of the token with exactly this text ("&lt;|im_end|&gt;", " the"), or null.</summary>
    public int? FindToken(string text) => _vocabulary.FindText(text);

    private int? NamedId(string name) => _definition.NamedIds.TryGetValue(name, out int id) ? id : null;

    private int Checked(int id) => (uint)id < (uint)_vocabulary.Size
        ? id
        : throw new InputException($"token id {id} is out of range: the vocabulary has {_vocabulary.Size} tokens");

    private List<int> Encode(ReadOnlySpan<char> text, TrustedRanges trusted)
    {
        ReadOnlySpan<char> wellFormed = Surrogates.Repair(text);
        List<int> ids = new((text.Length / 3) + 8);
        var pieces = new PieceEncoder(_definition, ids);
        int done = 0;
        while (_rawTokens.TryFind(wellFormed, done, trusted, out (int Start, int End, int Id) match))
        {
            EncodeUnmarked(wellFormed[done..match.Start], pieces, ids);
            ids.Add(match.Id);
            done = match.End;
        }

        EncodeUnmarked(wellFormed[done..], pieces, ids);
        return ids;
    }

    private void EncodeUnmarked(ReadOnlySpan<char> text, PieceEncoder pieces, List<int> ids)
    {
        if (_definition.ComposeCharacters && !text.IsEmpty)
        {
            text = CanonicalComposition.Normalize(text.ToString());
        }

        int done = 0;
        while (_normalizedTokens.TryFind(text, done, TrustedRanges.Nothing, out (int Start, int End, int Id) match))
        {
            pieces.Encode(text[done..match.Start]);
            ids.Add(match.Id);
            done = match.End;
        }

        pieces.Encode(text[done..]);
    }
}
