using System.Text.Json.Nodes;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Inference.Tests.Tokenization;

public sealed class HuggingFaceTokenizerTests : IDisposable
{
    private readonly TinyTokenizer _tiny = new();

    [Fact]
    public void Merges_are_read_as_strings_and_as_pairs()
    {
        int[] expected = [TinyTokenizer.Hello, TinyTokenizer.SpaceHello, TinyTokenizer.Hell];
        Assert.Equal(expected, _tiny.Load().Encode("hello hellohell", parseSpecial: true));
        _tiny.Model["merges"] = new JsonArray(TinyTokenizer.Merges.Select(m => (JsonNode)new JsonArray(m.Split(' ')[0], m.Split(' ')[1])).ToArray());
        Assert.Equal(expected, _tiny.Load().Encode("hello hellohell", parseSpecial: true));
    }

    [Fact]
    public void Ignore_merges_takes_pieces_that_are_tokens_whole()
    {
        _tiny.Model["vocab"]!["xyz"] = 261;
        Assert.Equal([(int)'x', 'y', 'z'], _tiny.Load().Encode("xyz", parseSpecial: true));
        _tiny.Model["ignore_merges"] = true;
        Assert.Equal([261, (int)'!'], _tiny.Load().Encode("xyz!", parseSpecial: true));
        Assert.Equal([(int)'x', 'y', 'z', 'x'], _tiny.Load().Encode("xyzx", parseSpecial: true));
    }

    [Fact]
    public void A_template_that_begins_texts_sets_AddBos_unless_the_configuration_says_otherwise()
    {
        Assert.False(_tiny.Load().AddBos);
        _tiny.Json["post_processor"] = JsonNode.Parse("""
            {"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
             "single": [{"SpecialToken": {"id": "<|begin|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]}]}
            """);
        Tokenizer tokenizer = _tiny.Load();
        Assert.True(tokenizer.AddBos);
        Assert.Equal(TinyTokenizer.Begin, tokenizer.BosId);
        Assert.Equal([TinyTokenizer.Begin, TinyTokenizer.He], tokenizer.EncodeDocument("he", parseSpecial: true));
        Assert.Equal([TinyTokenizer.He], tokenizer.Encode("he", parseSpecial: true));
        _tiny.Write("tokenizer_config.json", """{"add_bos_token": false, "eos_token": {"content": "<|end|>"}}""");
        Assert.False(_tiny.Load().AddBos);
        Assert.Equal(TinyTokenizer.End, _tiny.Load().EosId);
    }

    [Fact]
    public void Special_tokens_are_named_by_the_configuration_or_the_map()
    {
        _tiny.Write("special_tokens_map.json", """{"bos_token": "<|begin|>", "eos_token": "<|begin|>"}""");
        _tiny.Write("tokenizer_config.json", """{"eos_token": "<|end|>", "bos_token": null}""");
        Tokenizer tokenizer = _tiny.Load();
        Assert.Equal(TinyTokenizer.Begin, tokenizer.BosId);
        Assert.Equal(TinyTokenizer.End, tokenizer.EosId);
        Assert.Equal("<|end|>", tokenizer.NamedTokens["eos_token"]);
    }

    [Fact]
    public void Composition_happens_after_special_tokens_are_cut_out()
    {
        Assert.NotEqual(_tiny.Load().Encode("\u00E9", false), _tiny.Load().Encode("e\u0301", false));
        _tiny.Json["normalizer"] = JsonNode.Parse("""{"type": "NFC"}""");
        Assert.Equal(_tiny.Load().Encode("\u00E9", false), _tiny.Load().Encode("e\u0301", false));

        // The overlay would join the marker's last character.
        int[] ids = _tiny.Load().Encode("<|end|>\u0338", parseSpecial: true);
        Assert.Equal(TinyTokenizer.End, ids[0]);
    }

    [Fact]
    public void Added_tokens_are_found_longest_first_and_strip_space_where_they_say()
    {
        JsonArray added = _tiny.Json["added_tokens"]!.AsArray();
        added.Add(TinyTokenizer.Added(302, "<|end|><|end|>"));
        JsonObject stripping = TinyTokenizer.Added(303, "[X]", special: false);
        stripping["lstrip"] = true;
        stripping["rstrip"] = true;
        added.Add(stripping);
        Tokenizer tokenizer = _tiny.Load();
        Assert.Equal([302, TinyTokenizer.End], tokenizer.Encode("<|end|><|end|><|end|>", parseSpecial: true));
        Assert.Equal([TinyTokenizer.He, 303, TinyTokenizer.He], tokenizer.Encode("he \n[X]  he", parseSpecial: false));
        Assert.False(tokenizer.IsSpecial(303));
        Assert.Equal("a", tokenizer.Decode([TinyTokenizer.Begin, 'a', TinyTokenizer.End], skipSpecial: true));
    }

    [Fact]
    public void Bytes_without_a_token_become_the_unknown_one_or_are_left_out()
    {
        _tiny.Model["vocab"]!.AsObject().Remove("z");
        Assert.Equal([(int)'a', 'b'], _tiny.Load().Encode("azzb", parseSpecial: false));
        _tiny.Model["unk_token"] = "<|begin|>";
        Assert.Equal([(int)'a', TinyTokenizer.Begin, TinyTokenizer.Begin, 'b'], _tiny.Load().Encode("azzb", parseSpecial: false));
        _tiny.Model["fuse_unk"] = true;
        Assert.Equal([(int)'a', TinyTokenizer.Begin, 'b'], _tiny.Load().Encode("azzb", parseSpecial: false));
    }

    [Fact]
    public void Splits_by_a_files_own_patterns()
    {
        _tiny.Json["pre_tokenizer"] = JsonNode.Parse("""
            {"type": "Sequence", "pretokenizers": [
             {"type": "Split", "pattern": {"String": "lo"}, "behavior": "Isolated", "invert": false},
             {"type": "Split", "pattern": {"Regex": "\\p{L}+|[^\\p{L}]"}, "behavior": "Removed", "invert": true},
             {"type": "Digits", "individual_digits": false},
             {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
            """);
        Assert.Equal([TinyTokenizer.He, 'l', 'l', 'o'], _tiny.Load().Encode("hello", parseSpecial: false));
        Assert.Equal([TinyTokenizer.Hell, '1', TinyTokenizer.Hell], _tiny.Load().Encode("hell1hell", parseSpecial: false));
    }

    [Theory]
    [InlineData("model.type", "\"WordPiece\"", "WordPiece")]
    [InlineData("model.type", "\"Unigram\"", "Unigram")]
    [InlineData("model.byte_fallback", "true", "byte_fallback")]
    [InlineData("model.dropout", "0.1", "dropout")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "end_of_word_suffix")]
    [InlineData("model.merges", "[\"h zz\"]", "zz")]
    [InlineData("model.merges", "[\"hello\"]", "hello")]
    [InlineData("model.merges", "[[\"h\"]]", "not a pair")]
    [InlineData("model.merges", "{}", "merges")]
    [InlineData("model.vocab", "[]", "vocab")]
    [InlineData("model.vocab", "{\"a\": -1}", "'a'")]
    [InlineData("model.vocab", "{\"a\": 2000000000}", "2000000000")]
    [InlineData("model.vocab", "{\"a\": \"x\"}", "'a'")]
    [InlineData("model.vocab", "{\"a\": 5, \"b\": 5}", "both have id 5")]
    [InlineData("model.unk_token", "\"nowhere\"", "nowhere")]
    [InlineData("model", "null", "model")]
    [InlineData("normalizer", "{\"type\": \"Lowercase\"}", "Lowercase")]
    [InlineData("normalizer", "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFC\"}, {\"type\": \"Prepend\"}]}", "Prepend")]
    [InlineData("pre_tokenizer", "{\"type\": \"Metaspace\"}", "Metaspace")]
    [InlineData("pre_tokenizer", "null", "ByteLevel")]
    [InlineData("pre_tokenizer", "{\"type\": \"ByteLevel\", \"add_prefix_space\": true}", "add_prefix_space")]
    [InlineData("pre_tokenizer", "{\"type\": \"Split\", \"behavior\": \"MergedWithNext\", \"pattern\": {\"Regex\": \"a\"}}", "MergedWithNext")]
    [InlineData("pre_tokenizer", "{\"type\": \"Split\", \"behavior\": \"Isolated\", \"pattern\": {\"Regex\": \"a++\"}}", "a++")]
    [InlineData("post_processor", "{\"type\": \"RobertaProcessing\"}", "RobertaProcessing")]
    [InlineData("post_processor", "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\"}}, {\"SpecialToken\": {\"id\": \"<|end|>\"}}]}", "<|end|>")]
    [InlineData("decoder", "{\"type\": \"Metaspace\"}", "Metaspace")]
    [InlineData("decoder", "null", "decoder")]
    [InlineData("added_tokens", "[{\"id\": 1, \"content\": \"\"}]", "no text")]
    [InlineData("added_tokens", "[{\"id\": 1, \"content\": \"a\", \"single_word\": true}]", "single_word")]
    [InlineData("added_tokens", "[{\"id\": 1, \"content\": \"\\ud800\"}]", "Unicode")]
    [InlineData("added_tokens", "[7]", "content")]
    public void What_is_not_supported_or_wrong_is_named(string place, string value, string fault)
    {
        string json = _tiny.Json.ToJsonString();
        JsonNode root = JsonNode.Parse(json)!;
        const string mark = "\"@@\"";
        string[] names = place.Split('.');
        JsonNode parent = names.Length == 1 ? root : root[names[0]]!;
        parent[names[^1]] = "@@";
        _tiny.Write("tokenizer.json", root.ToJsonString().Replace(mark, value, StringComparison.Ordinal));
        string message = Assert.Throws<ModelFormatException>(() => Tokenizer.FromHuggingFace(_tiny.Folder)).Message;
        Assert.Contains(fault, message, StringComparison.Ordinal);
        Assert.Contains(_tiny.File, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_and_broken_files_are_named()
    {
        Assert.Contains("tokenizer.json", Assert.Throws<ModelFormatException>(() => Tokenizer.FromHuggingFace(_tiny.Folder)).Message, StringComparison.Ordinal);
        foreach (string broken in (string[])["", "{", "[]", "\0\0\0", "{\"model\": }"])
        {
            _tiny.Write("tokenizer.json", broken);
            Assert.Throws<ModelFormatException>(() => Tokenizer.FromHuggingFace(_tiny.Folder));
        }

        _tiny.Load();
        _tiny.Write("tokenizer_config.json", "{\"eos_token\": 5}");
        Assert.Contains("tokenizer_config.json", Assert.Throws<ModelFormatException>(() => Tokenizer.FromHuggingFace(_tiny.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mutated_files_load_or_are_refused_and_never_do_anything_else()
    {
        var random = new Random(34);
        byte[] whole = System.Text.Encoding.UTF8.GetBytes(_tiny.Json.ToJsonString());
        int refused = 0;
        for (int round = 0; round < 600; round++)
        {
            byte[] bytes = [.. whole];
            for (int edits = random.Next(1, 4); edits > 0; edits--)
            {
                int at = random.Next(bytes.Length);
                bytes = random.Next(4) switch
                {
                    0 => bytes[..at],
                    1 => [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(40))..]],
                    2 => [.. bytes[..at], .. "\"{}[]:,0-\\u"u8.Slice(random.Next(11), 1), .. bytes[at..]],
                    _ => [.. bytes[..at], (byte)random.Next(256), .. bytes[(at + 1)..]],
                };
                bytes = bytes.Length == 0 ? [0] : bytes;
            }

            File.WriteAllBytes(_tiny.File, bytes);
            try
            {
                Tokenizer tokenizer = Tokenizer.FromHuggingFace(_tiny.Folder);
                tokenizer.Decode(tokenizer.Encode("hello <|end|> \u00E9\U0001F600 12", parseSpecial: true));
            }
            catch (InputException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 100, 600);
    }

    public void Dispose() => _tiny.Dispose();
}
