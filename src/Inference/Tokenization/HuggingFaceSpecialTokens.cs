using System.Text.Json;

namespace KVCluster.Inference.Tokenization;

/// <summary>Which tokens a Hugging Face folder names for which role, from tokenizer_config.json and special_tokens_map.json.</summary>
internal sealed class HuggingFaceSpecialTokens
{
    private static readonly string[] _roles = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"];

    /// <summary>Text by role.</summary>
    public Dictionary<string, string> Named { get; } = [];

    /// <summary>add_bos_token, where the configuration says.</summary>
    public bool? AddBos { get; private set; }

    public static HuggingFaceSpecialTokens Read(string folder)
    {
        var tokens = new HuggingFaceSpecialTokens();
        foreach (string name in (string[])["tokenizer_config.json", "special_tokens_map.json"])
        {
            string path = Path.Combine(folder, name);
            if (File.Exists(path))
            {
                JsonFile.Read(path, root => tokens.Add(path, root));
            }
        }

        return tokens;
    }

    // The file read first stands.
    private bool Add(string path, JsonElement root)
    {
        foreach (string role in _roles)
        {
            if (JsonFile.TryGet(root, role, out JsonElement value))
            {
                string text = value.ValueKind == JsonValueKind.Object
                    ? JsonFile.GetString(path, value, "content")
                    : JsonFile.GetString(path, root, role);
                Named.TryAdd(role, text);
            }
        }

        if (AddBos is null && JsonFile.TryGet(root, "add_bos_token", out _))
        {
            AddBos = JsonFile.GetFlag(path, root, "add_bos_token");
        }

        return true;
    }
}
