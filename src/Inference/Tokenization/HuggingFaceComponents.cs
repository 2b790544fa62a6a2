using System.Text.Json;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tokenization;

/// <summary>The normalizer, decoder and post-processor of tokenizer.json, as far as byte-level BPE models use them.</summary>
internal static class HuggingFaceComponents
{
    /// <summary>Whether the normalizer is form C; anything else but none is an error.</summary>
    public static bool ComposesCharacters(string path, JsonElement root)
    {
        bool composes = false;
        foreach (JsonElement normalizer in Flatten(path, root, "normalizer", "normalizers"))
        {
            string type = JsonFile.GetType(path, normalizer);
            composes = type == "NFC" ? true : throw new ModelFormatException(path, $"unsupported normalizer '{type}'");
        }

        return composes;
    }

    /// <summary>The decoder must be the byte alphabet's.</summary>
    public static void CheckDecoder(string path, JsonElement root)
    {
        string type = JsonFile.GetType(path, JsonFile.Get(path, root, "decoder", JsonValueKind.Object));
        if (type != "ByteLevel")
        {
            throw new ModelFormatException(path, $"unsupported decoder '{type}': only ByteLevel is supported");
        }
    }

    /// <summary>The token that the post-processor puts before a text, or null. One that adds anything else is an error.</summary>
    public static string? BosOfPostProcessor(string path, JsonElement root)
    {
        string? bos = null;
        foreach (JsonElement processor in Flatten(path, root, "post_processor", "processors"))
        {
            switch (JsonFile.GetType(path, processor))
            {
                // Only trims offsets, which nothing here uses.
                case "ByteLevel":
                    break;
                case "TemplateProcessing":
                    bos = BosOfTemplate(path, processor) ?? bos;
                    break;
                case string type:
                    throw new ModelFormatException(path, $"unsupported post-processor '{type}'");
            }
        }

        return bos;
    }

    /// <summary>A component, or the members of a Sequence of them; none where it is null.</summary>
    public static IEnumerable<JsonElement> Flatten(string path, JsonElement parent, string name, string members)
    {
        if (!JsonFile.TryGet(parent, name, out JsonElement component))
        {
            return [];
        }

        return JsonFile.GetType(path, component) == "Sequence"
            ? JsonFile.Get(path, component, members, JsonValueKind.Array).EnumerateArray()
            : [component];
    }

    private static string? BosOfTemplate(string path, JsonElement processor)
    {
        string? bos = null;
        bool sequenceSeen = false;
        foreach (JsonElement part in JsonFile.Get(path, processor, "single", JsonValueKind.Array).EnumerateArray())
        {
            if (JsonFile.TryGet(part, "Sequence", out _))
            {
                sequenceSeen = true;
                continue;
            }

            string token = JsonFile.GetString(path, JsonFile.Get(path, part, "SpecialToken", JsonValueKind.Object), "id");
            if (sequenceSeen || bos is not null)
            {
                throw new ModelFormatException(
                    path, $"unsupported post-processor: it adds '{TokenizerBuilder.Shown(token)}' besides one token before the text");
            }

            bos = token;
        }

        return bos;
    }
}
