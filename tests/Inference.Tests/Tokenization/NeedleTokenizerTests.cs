using System.Text;
using System.Text.Json;
using KVCluster.Inference.Tokenization;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Tokenization;

public class NeedleTokenizerTests
{
    private const string Part = "needle";

    [GoldenFact(Part)]
    [Trait("Category", "Goldens")]
    public void Answers_decode_from_their_ids_and_questions_come_back_from_theirs()
    {
        ChatTemplate template = ChatTemplate.FromHuggingFace(TestPaths.Needle, Tokenizers.Needle)!;
        foreach (string line in Directory.EnumerateFiles(Path.Combine(TestPaths.Goldens, Part), "*.jsonl").SelectMany(File.ReadLines))
        {
            using JsonDocument sample = JsonDocument.Parse(line);
            if (!sample.RootElement.TryGetProperty("turns", out JsonElement turns))
            {
                continue;
            }

            ChatMessage[] chat = turns.EnumerateArray()
                .SelectMany(t => (string[])["user", "reference"], (t, f) => new ChatMessage(f == "user" ? f : "assistant", t.GetProperty(f).GetString()!))
                .ToArray();
            int[] chatIds = template.Encode(Tokenizers.Needle, chat, addGenerationPrompt: false);
            Assert.Equal(sample.RootElement.GetProperty("tokens").GetInt32(), chatIds.Length);
            foreach (JsonElement turn in turns.EnumerateArray())
            {
                string answer = turn.GetProperty("answer").GetString()!;
                int[] ids = SmolLm2Goldens.Ids(turn, "answer_tokens");
                Assert.Equal(answer, Tokenizers.Needle.Decode(ids, skipSpecial: true));
                string user = turn.GetProperty("user").GetString()!;
                Assert.Equal(user, Tokenizers.Needle.Decode(Tokenizers.Needle.Encode(user, parseSpecial: true)));
            }
        }
    }

    [Fact]
    public void Special_tokens_are_parsed_or_plain_as_asked()
    {
        const string text = "<|im_start|>user\n12<|im_end|>";
        int[] parsed = Tokenizers.Needle.Encode(text, parseSpecial: true);
        int[] plain = Tokenizers.Needle.Encode(text, parseSpecial: false);
        Assert.Equal(Tokenizers.Needle.BosId, parsed[0]);
        Assert.Equal(Tokenizers.Needle.EosId, parsed[^1]);
        Assert.DoesNotContain(plain, Tokenizers.Needle.IsSpecial);
        Assert.Equal(text, Tokenizers.Needle.Decode(parsed));
        Assert.Equal(text, Tokenizers.Needle.Decode(plain));
        Assert.Equal("user\n12", Tokenizers.Needle.Decode(parsed, skipSpecial: true));
        Assert.False(Tokenizers.Needle.AddBos);
    }

    [Fact]
    public void Any_text_comes_back_byte_for_byte()
    {
        var random = new Random(31);
        for (int round = 0; round < 400; round++)
        {
            string text = RandomTexts.Next(random, 60);
            foreach (bool parseSpecial in (bool[])[false, true])
            {
                int[] ids = Tokenizers.Needle.Encode(text, parseSpecial);
                byte[] bytes = ids.SelectMany(id => Tokenizers.Needle.TokenBytes(id).ToArray()).ToArray();
                Assert.Equal(Encoding.UTF8.GetBytes(text), bytes);
                Assert.Equal(text, Tokenizers.Needle.Decode(ids));
            }
        }
    }

    [Fact]
    public void A_stream_of_any_ids_is_their_text()
    {
        var random = new Random(32);
        for (int round = 0; round < 400; round++)
        {
            // Any ids, not only those of real text: most sequences hold broken UTF-8.
            int[] ids = Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(300)).ToArray();
            bool skipSpecial = random.Next(2) == 0;
            var stream = new StreamingDetokenizer(Tokenizers.Needle, skipSpecial);
            string text = "";
            foreach (int id in ids)
            {
                string part = stream.Push(id);
                Assert.False(part.Length > 0 && (char.IsHighSurrogate(part[^1]) || char.IsLowSurrogate(part[0])));
                text += part;
            }

            Assert.Equal(Tokenizers.Needle.Decode(ids, skipSpecial), text + stream.Flush());
        }
    }

    [Fact]
    public void Unpaired_surrogates_become_replacement_characters()
    {
        int[] ids = Tokenizers.Needle.Encode("a\uD83Db\uDE00\uD83D", parseSpecial: false);
        Assert.Equal("a\uFFFDb\uFFFD\uFFFD", Tokenizers.Needle.Decode(ids));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void Ids_out_of_range_are_refused(int id)
    {
        Assert.Throws<InputException>(() => Tokenizers.Needle.Decode([id]));
        Assert.Throws<InputException>(() => Tokenizers.Needle.IsSpecial(id));
        Assert.Throws<InputException>(() => { _ = Tokenizers.Needle.TokenBytes(id); });
        Assert.Throws<InputException>(() => new StreamingDetokenizer(Tokenizers.Needle).Push(id));
        Assert.Throws<InputException>(() => { _ = Tokenizers.Needle.TokenBytes(Tokenizers.Needle.VocabularySize); });
    }

    [Fact]
    public void Tokens_are_found_by_their_text()
    {
        for (int id = 0; id < Tokenizers.Needle.VocabularySize; id++)
        {
            string text = Tokenizers.Needle.Decode([id]);
            if (!text.Contains('\uFFFD'))
            {
                Assert.Equal(id, Tokenizers.Needle.FindToken(text));
            }
        }

        Assert.Null(Tokenizers.Needle.FindToken("no such token"));
    }
}
