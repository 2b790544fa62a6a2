using System.Text.Json;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tokenization;

/// <summary>Finds the chat template in a Hugging Face folder.</summary>
internal static class ChatTemplateFiles
{
    /// <summary>The file and the template's text, or null.</summary>
    public static (string File, string Text)? Find(string folder)
    {
        string own = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(own))
        {
            try
            {
                return (own, File.ReadAllText(own));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ModelFormatException(own, $"cannot be read: {e.Message}", e);
            }
        }

        string config = Path.Combine(folder, "tokenizer_config.json");
        return File.Exists(config) && JsonFile.Read(config, root => InConfiguration(config, root)) is { } text ? (config, text) : null;
    }

    private static string? InConfiguration(string path, JsonElement root)
    {
        if (!JsonFile.TryGet(root, "chat_template", out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            return JsonFile.GetString(path, root, "chat_template");
        }

        foreach (JsonElement named in value.EnumerateArray())
        {
            if (JsonFile.GetString(path, named, "name") == "default")
            {
                return JsonFile.GetString(path, named, "template");
            }
        }

        throw new ModelFormatException(path, "'chat_template' lists templates, but none is named 'default'");
    }
}
