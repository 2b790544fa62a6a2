using System.Text.Json;
using KVCluster.Inference.Tokenization;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Tokenization;

[Trait("Category", "Goldens")]
public class SmolLm2TokenizerTests
{
    public static IEnumerable<object[]> Cases => SmolLm2Goldens.Indexes("cases");

    public static IEnumerable<object[]> PartialDecodes => SmolLm2Goldens.Indexes("partial_decodes");

    [GoldenTheory(SmolLm2Goldens.Part, needsSmolLm2: true)]
    [MemberData(nameof(Cases))]
    public void Ids_and_text_are_the_references(int index)
    {
        if (SmolLm2Goldens.Entries("cases").ElementAtOrDefault(index) is not { ValueKind: JsonValueKind.Object } entry)
        {
            return;
        }

        string text = entry.GetProperty("text").GetString()!;
        int[] ids = SmolLm2Goldens.Ids(entry, "ids");
        int[] plain = entry.TryGetProperty("ids_as_plain_text", out _) ? SmolLm2Goldens.Ids(entry, "ids_as_plain_text") : ids;

        Assert.Equal(ids, Tokenizers.SmolLm2.Encode(text, parseSpecial: true));
        Assert.Equal(plain, Tokenizers.SmolLm2.Encode(text, parseSpecial: false));
        Assert.Equal(entry.GetProperty("decoded").GetString(), Tokenizers.SmolLm2.Decode(ids));
        Assert.Equal(entry.GetProperty("decoded_skip_special").GetString(), Tokenizers.SmolLm2.Decode(ids, skipSpecial: true));
    }

    [GoldenTheory(SmolLm2Goldens.Part, needsSmolLm2: true)]
    [MemberData(nameof(Cases))]
    public void Streaming_gives_the_same_text(int index)
    {
        if (SmolLm2Goldens.Entries("cases").ElementAtOrDefault(index) is not { ValueKind: JsonValueKind.Object } entry)
        {
            return;
        }

        int[] ids = SmolLm2Goldens.Ids(entry, "ids");
        foreach (bool skipSpecial in (bool[])[false, true])
        {
            var stream = new StreamingDetokenizer(Tokenizers.SmolLm2, skipSpecial);
            string text = string.Concat(ids.Select(stream.Push)) + stream.Flush();
            Assert.Equal(entry.GetProperty(skipSpecial ? "decoded_skip_special" : "decoded").GetString(), text);
        }
    }

    [GoldenTheory(SmolLm2Goldens.Part, needsSmolLm2: true)]
    [MemberData(nameof(PartialDecodes))]
    public void Broken_tails_are_replaced_in_one_go_and_held_back_in_a_stream(int index)
    {
        if (SmolLm2Goldens.Entries("partial_decodes").ElementAtOrDefault(index) is not { ValueKind: JsonValueKind.Object } entry)
        {
            return;
        }

        int[] ids = SmolLm2Goldens.Ids(entry, "ids");
        var stream = new StreamingDetokenizer(Tokenizers.SmolLm2);
        string streamed = "";
        for (int count = 0; count <= ids.Length; count++)
        {
            string expected = entry.GetProperty("decoded_prefixes")[count].GetString()!;
            Assert.Equal(expected, Tokenizers.SmolLm2.Decode(ids.AsSpan(0, count)));
            streamed += count == 0 ? "" : stream.Push(ids[count - 1]);
            Assert.Equal(expected.TrimEnd('\uFFFD'), streamed);
        }

        Assert.Equal("", stream.Flush());
        Assert.Equal(entry.GetProperty("text").GetString(), streamed);
    }

    [GoldenFact(SmolLm2Goldens.Part, needsSmolLm2: true)]
    public void The_vocabulary_is_the_references()
    {
        JsonElement root = SmolLm2Goldens.Root;
        Assert.Equal(root.GetProperty("vocab_size").GetInt32(), Tokenizers.SmolLm2.VocabularySize);
        Assert.Equal(root.GetProperty("bos_id").GetInt32(), Tokenizers.SmolLm2.BosId);
        Assert.Equal(root.GetProperty("eos_id").GetInt32(), Tokenizers.SmolLm2.EosId);
        Assert.False(Tokenizers.SmolLm2.AddBos);
        foreach (JsonProperty token in root.GetProperty("special_tokens").EnumerateObject())
        {
            Assert.Equal(token.Value.GetInt32(), Tokenizers.SmolLm2.FindToken(token.Name));
            Assert.True(Tokenizers.SmolLm2.IsSpecial(token.Value.GetInt32()));
        }
    }
}
