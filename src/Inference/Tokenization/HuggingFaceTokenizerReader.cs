using System.Text.Json;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tokenization;

/// <summary>Reads tokenizer.json (the format of Hugging Face's tokenizers library) with the special tokens of its folder.</summary>
internal static class HuggingFaceTokenizerReader
{
    public static TokenizerDefinition Read(string folder)
    {
        string path = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(path))
        {
            throw new ModelFormatException(path, "no such file: the model has no tokenizer this program can read");
        }

        HuggingFaceSpecialTokens special = HuggingFaceSpecialTokens.Read(folder);
        long size = FileSize.Of(path);
        return JsonFile.Read(path, root => Read(path, size, root, special));
    }

    private static TokenizerDefinition Read(string path, long size, JsonElement root, HuggingFaceSpecialTokens special)
    {
        JsonElement model = JsonFile.Get(path, root, "model", JsonValueKind.Object);
        CheckModel(path, model);
        AddedToken[] added = AddedTokens(path, root);
        string?[] tokens = Tokens(path, size, model, added);
        var vocabulary = new Vocabulary(tokens, added);
        JsonElement merges = JsonFile.Get(path, model, "merges", JsonValueKind.Array);
        HuggingFaceComponents.CheckDecoder(path, root);
        string? templateBos = HuggingFaceComponents.BosOfPostProcessor(path, root);
        Dictionary<string, string> named = new(special.Named);
        if (templateBos is not null)
        {
            named["bos_token"] = templateBos;
        }

        return new TokenizerDefinition
        {
            Vocabulary = vocabulary,
            Merges = TokenizerBuilder.Merges(path, merges.GetArrayLength(), merges.EnumerateArray().Select(m => Pair(path, m)), vocabulary),
            PreTokenizer = HuggingFacePreTokenizerReader.Read(path, root),
            AddedTokens = added,
            ComposeCharacters = HuggingFaceComponents.ComposesCharacters(path, root),
            IgnoreMerges = JsonFile.GetFlag(path, model, "ignore_merges"),
            UnknownId = UnknownId(path, model, vocabulary),
            FuseUnknown = JsonFile.GetFlag(path, model, "fuse_unk"),
            AddBos = special.AddBos ?? templateBos is not null,
            NamedTokens = named,
            NamedIds = NamedIds(named, vocabulary),
        };
    }

    private static void CheckModel(string path, JsonElement model)
    {
        // Files of older versions leave the type out; they are recognised by their merges.
        string type = JsonFile.TryGet(model, "type", out _) ? JsonFile.GetString(path, model, "type") : "BPE";
        if (type != "BPE")
        {
            throw new ModelFormatException(path, $"unsupported model type '{type}': only byte-level BPE is supported");
        }

        foreach (string name in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            bool given = JsonFile.TryGet(model, name, out JsonElement value);
            if (given && !(value.ValueKind == JsonValueKind.String && value.GetString() == ""))
            {
                throw new ModelFormatException(path, $"unsupported '{name}' in the model");
            }
        }

        if (JsonFile.GetFlag(path, model, "byte_fallback"))
        {
            throw new ModelFormatException(
                path, "unsupported 'byte_fallback' in the model: this is a SentencePiece vocabulary, not byte-level BPE");
        }

        if (JsonFile.TryGet(model, "dropout", out JsonElement dropout) && !(dropout.TryNumber(out double rate) && rate == 0))
        {
            throw new ModelFormatException(path, "unsupported 'dropout' in the model");
        }
    }

    private static AddedToken[] AddedTokens(string path, JsonElement root)
    {
        if (!JsonFile.TryGet(root, "added_tokens", out _))
        {
            return [];
        }

        List<AddedToken> tokens = [];
        foreach (JsonElement entry in JsonFile.Get(path, root, "added_tokens", JsonValueKind.Array).EnumerateArray())
        {
            string text = JsonFile.GetString(path, entry, "content");
            if (text.Length == 0)
            {
                throw new ModelFormatException(path, "an added token has no text");
            }

            if (JsonFile.GetFlag(path, entry, "single_word"))
            {
                throw new ModelFormatException(path, $"unsupported 'single_word' of added token '{TokenizerBuilder.Shown(text)}'");
            }

            bool special = JsonFile.GetFlag(path, entry, "special");
            tokens.Add(new AddedToken(
                Id(path, text, JsonFile.Get(path, entry, "id", JsonValueKind.Number)),
                text,
                special,
                JsonFile.GetFlag(path, entry, "normalized", !special),
                JsonFile.GetFlag(path, entry, "lstrip"),
                JsonFile.GetFlag(path, entry, "rstrip")));
        }

        return [.. tokens];
    }

    private static string?[] Tokens(string path, long size, JsonElement model, AddedToken[] added)
    {
        List<(string Text, int Id)> entries = [];
        foreach (JsonProperty entry in JsonFile.Get(path, model, "vocab", JsonValueKind.Object).EnumerateObject())
        {
            entries.Add((entry.Name, Id(path, entry.Name, entry.Value)));
        }

        entries.AddRange(added.Select(t => (t.Text, t.Id)));
        int count = entries.Count == 0 ? 0 : entries.Max(e => e.Id) + 1;
        if (count > size)
        {
            throw new ModelFormatException(path, $"token id {count - 1} cannot be right: the file has only {entries.Count} tokens");
        }

        string?[] tokens = new string?[count];
        foreach ((string text, int id) in entries)
        {
            if (tokens[id] is { } other && other != text)
            {
                throw new ModelFormatException(
                    path, $"tokens '{TokenizerBuilder.Shown(other)}' and '{TokenizerBuilder.Shown(text)}' both have id {id}");
            }

            tokens[id] = text;
        }

        return tokens;
    }

    private static int Id(string path, string token, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id is >= 0 and < int.MaxValue
            ? id
            : throw new ModelFormatException(
                path, $"the id of token '{TokenizerBuilder.Shown(token)}' is {TokenizerBuilder.Shown(value.ToString())}");

    private static (string Left, string Right) Pair(string path, JsonElement merge)
    {
        if (merge.ValueKind == JsonValueKind.String)
        {
            return TokenizerBuilder.Pair(path, merge.GetString()!);
        }

        bool pair = merge.ValueKind == JsonValueKind.Array
            && merge.GetArrayLength() == 2
            && merge[0].ValueKind == JsonValueKind.String
            && merge[1].ValueKind == JsonValueKind.String;
        return pair
            ? (merge[0].GetString()!, merge[1].GetString()!)
            : throw new ModelFormatException(path, $"merge {TokenizerBuilder.Shown(merge.ToString())} is not a pair of tokens");
    }

    private static int? UnknownId(string path, JsonElement model, Vocabulary vocabulary)
    {
        if (!JsonFile.TryGet(model, "unk_token", out _))
        {
            return null;
        }

        string text = JsonFile.GetString(path, model, "unk_token");
        return vocabulary.FindWritten(text) ?? vocabulary.FindText(text)
            ?? throw new ModelFormatException(path, $"the unknown token '{TokenizerBuilder.Shown(text)}' is not in the vocabulary");
    }

    private static Dictionary<string, int> NamedIds(Dictionary<string, string> named, Vocabulary vocabulary)
    {
        Dictionary<string, int> ids = [];
        foreach ((string role, string text) in named)
        {
            if (vocabulary.FindText(text) is { } id)
            {
                ids[role] = id;
            }
        }

        return ids;
    }

    private static bool TryNumber(this JsonElement value, out double number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out number);
    }
}
