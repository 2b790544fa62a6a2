using System.Globalization;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tokenization;

/// <summary>Reads a tokenizer from GGUF metadata (tokenizer.ggml.*, as the GGUF specification and llama.cpp define them).</summary>
internal static class GgufTokenizerReader
{
    private const string Prefix = "tokenizer.ggml.";

    // tokenizer.ggml.token_type
    private const int Unknown = 2;
    private const int Control = 3;
    private const int UserDefined = 4;

    private static readonly Dictionary<string, string> _roles = new()
    {
        ["bos_token_id"] = "bos_token",
        ["eos_token_id"] = "eos_token",
        ["unknown_token_id"] = "unk_token",
        ["padding_token_id"] = "pad_token",
        ["seperator_token_id"] = "sep_token",
        ["cls_token_id"] = "cls_token",
        ["mask_token_id"] = "mask_token",
    };

    public static TokenizerDefinition Read(IReadOnlyDictionary<string, object> metadata, string file)
    {
        string model = Get<string>(metadata, file, "model");
        if (model != "gpt2")
        {
            throw new ModelFormatException(file, $"{Prefix}model is '{model}': only byte-level BPE ('gpt2') is supported");
        }

        string name = Get<string>(metadata, file, "pre");
        PreTokenizer preTokenizer = PreTokenizer.Named(name)
            ?? throw new ModelFormatException(file, $"unsupported pre-tokenizer {Prefix}pre '{name}'");

        string[] tokens = Get<string[]>(metadata, file, "tokens");
        Dictionary<string, int> named = NamedIds(metadata, file, tokens.Length);
        AddedToken[] added = AddedTokens(metadata, file, tokens, named);
        var vocabulary = new Vocabulary(tokens, added);
        string[] merges = Get<string[]>(metadata, file, "merges");
        bool llama3 = name is "llama-bpe" or "llama3" or "llama-v3";
        return new TokenizerDefinition
        {
            Vocabulary = vocabulary,
            Merges = TokenizerBuilder.Merges(file, merges.Length, merges.Select(m => TokenizerBuilder.Pair(file, m)), vocabulary),
            PreTokenizer = preTokenizer,
            AddedTokens = added,
            IgnoreMerges = llama3,
            AddBos = Find<bool>(metadata, file, "add_bos_token", out bool addBos) ? addBos : llama3,
            NamedIds = named,
            NamedTokens = named.ToDictionary(p => p.Key, p => tokens[p.Value]),
        };
    }

    private static AddedToken[] AddedTokens(
        IReadOnlyDictionary<string, object> metadata, string file, string[] tokens, Dictionary<string, int> named)
    {
        if (!Find(metadata, file, "token_type", out int[]? types))
        {
            return named.Values.Distinct()
                .Where(id => tokens[id].Length > 0)
                .Select(id => new AddedToken(id, tokens[id], Special: true))
                .ToArray();
        }

        if (types!.Length != tokens.Length)
        {
            throw new ModelFormatException(file, $"{Prefix}token_type has {types.Length} entries for {tokens.Length} tokens");
        }

        return Enumerable.Range(0, tokens.Length)
            .Where(id => types[id] is Unknown or Control or UserDefined && tokens[id].Length > 0)
            .Select(id => new AddedToken(id, tokens[id], Special: types[id] != UserDefined))
            .ToArray();
    }

    private static Dictionary<string, int> NamedIds(IReadOnlyDictionary<string, object> metadata, string file, int size)
    {
        Dictionary<string, int> named = [];
        foreach ((string key, string role) in _roles)
        {
            if (!metadata.TryGetValue(Prefix + key, out object? value))
            {
                continue;
            }

            long id = value is IConvertible and not string and not bool and not float and not double and not ulong
                ? Convert.ToInt64(value, CultureInfo.InvariantCulture)
                : -1;
            if (id < 0 || id >= size)
            {
                throw new ModelFormatException(file, $"{Prefix}{key} is {value}, which is no id of a vocabulary of {size} tokens");
            }

            named[role] = (int)id;
        }

        return named;
    }

    private static T Get<T>(IReadOnlyDictionary<string, object> metadata, string file, string key)
        where T : notnull =>
        Find(metadata, file, key, out T? value) ? value! : throw new ModelFormatException(file, $"{Prefix}{key} is missing");

    private static bool Find<T>(IReadOnlyDictionary<string, object> metadata, string file, string key, out T? value)
    {
        value = default;
        if (!metadata.TryGetValue(Prefix + key, out object? found))
        {
            return false;
        }

        value = found is T typed
            ? typed
            : throw new ModelFormatException(file, $"{Prefix}{key} is of type {found.GetType().Name}, not {typeof(T).Name}");
        return true;
    }
}
