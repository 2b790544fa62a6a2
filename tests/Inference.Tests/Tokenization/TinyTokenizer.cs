using System.Text.Json.Nodes;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Inference.Tests.Tokenization;

/// <summary>
/// A small tokenizer.json to vary: the 256 bytes as ids 0 to 255, a few merges, and two special tokens at 300 and 301.
/// </summary>
internal sealed class TinyTokenizer : IDisposable
{
    public const int He = 256;
    public const int Hell = 258;
    public const int Hello = 259;
    public const int SpaceHello = 260;
    public const int Begin = 300;
    public const int End = 301;

    public static readonly string[] Merges = ["h e", "l l", "he ll", "hell o", "\u0120 hello"];

    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-tokenizer-").FullName;

    public JsonObject Json { get; } = Build();

    public JsonObject Model => Json["model"]!.AsObject();

    public string Folder => _folder;

    public string File => Path.Combine(_folder, "tokenizer.json");

    public static JsonObject Added(int id, string text, bool special = true) => new()
    {
        ["id"] = id,
        ["content"] = text,
        ["special"] = special,
        ["normalized"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["single_word"] = false,
    };

    public Tokenizer Load()
    {
        System.IO.File.WriteAllText(File, Json.ToJsonString());
        return Tokenizer.FromHuggingFace(_folder);
    }

    public void Write(string file, string text) => System.IO.File.WriteAllText(Path.Combine(_folder, file), text);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static JsonObject Build()
    {
        var vocabulary = new JsonObject();
        for (int b = 0; b < 256; b++)
        {
            vocabulary[ByteAlphabet.ToChar((byte)b).ToString()] = b;
        }

        foreach (string merge in Merges)
        {
            vocabulary[merge.Replace(" ", "", StringComparison.Ordinal)] = vocabulary.Count;
        }

        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(Added(Begin, "<|begin|>"), Added(End, "<|end|>")),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
            ["post_processor"] = null,
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray(Merges.Select(m => (JsonNode)m).ToArray()),
            },
        };
    }
}
