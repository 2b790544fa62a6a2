using System.Text.Json;
using System.Text.RegularExpressions;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tokenization;

/// <summary>
/// Reads the pre_tokenizer of tokenizer.json: Split, Digits and ByteLevel, alone or in a Sequence that ends in ByteLevel.
/// </summary>
internal static class HuggingFacePreTokenizerReader
{
    public static PreTokenizer Read(string path, JsonElement root)
    {
        List<PreTokenizer.Stage> stages = [];
        bool bytesMapped = false;
        foreach (JsonElement component in HuggingFaceComponents.Flatten(path, root, "pre_tokenizer", "pretokenizers"))
        {
            string type = JsonFile.GetType(path, component);
            if (bytesMapped)
            {
                throw new ModelFormatException(path, $"unsupported pre-tokenizer: '{type}' after ByteLevel");
            }

            switch (type)
            {
                case "Split":
                    stages.Add(Split(path, component));
                    break;
                case "Digits":
                    bool each = JsonFile.GetFlag(path, component, "individual_digits");
                    stages.Add(new PreTokenizer.Stage(SplitPatterns.Compile(each ? SplitPatterns.EachDigit : SplitPatterns.DigitRuns)));
                    break;
                case "ByteLevel":
                    bytesMapped = true;
                    AddByteLevel(path, component, stages);
                    break;
                default:
                    throw new ModelFormatException(path, $"unsupported pre-tokenizer '{type}'");
            }
        }

        return bytesMapped
            ? new PreTokenizer(stages)
            : throw new ModelFormatException(path, "the pre-tokenizer has no ByteLevel: not byte-level BPE");
    }

    private static void AddByteLevel(string path, JsonElement component, List<PreTokenizer.Stage> stages)
    {
        if (JsonFile.GetFlag(path, component, "add_prefix_space"))
        {
            throw new ModelFormatException(path, "unsupported 'add_prefix_space' of pre-tokenizer ByteLevel");
        }

        if (JsonFile.GetFlag(path, component, "use_regex", otherwise: true))
        {
            stages.Add(new PreTokenizer.Stage(SplitPatterns.Compile(SplitPatterns.Gpt2)));
        }
    }

    private static PreTokenizer.Stage Split(string path, JsonElement component)
    {
        string behavior = JsonFile.GetString(path, component, "behavior");
        bool invert = JsonFile.GetFlag(path, component, "invert");
        bool matchesOnly = behavior == "Removed" && invert;
        if (behavior != "Isolated" && !matchesOnly)
        {
            throw new ModelFormatException(
                path, $"unsupported behavior '{behavior}'{(invert ? " (inverted)" : "")} of pre-tokenizer Split");
        }

        JsonElement pattern = JsonFile.Get(path, component, "pattern", JsonValueKind.Object);
        bool literal = JsonFile.TryGet(pattern, "String", out _);
        try
        {
            Regex regex = literal
                ? new Regex(Regex.Escape(JsonFile.GetString(path, pattern, "String")), RegexOptions.CultureInvariant)
                : SplitPatterns.Compile(JsonFile.GetString(path, pattern, "Regex"));
            return new PreTokenizer.Stage(regex, dropUnmatched: matchesOnly);
        }
        catch (FormatException e)
        {
            throw new ModelFormatException(path, e.Message, e);
        }
    }
}
