using System.Globalization;
using System.Text.Json;
using KVCluster.Inference.Tokenization;
using KVCluster.Inference.Tokenization.Jinja;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Tokenization;

/// <summary>Templates in the manner of each model family, and snippets of the language, against what Jinja itself makes of them.</summary>
public class ReferenceTemplateTests
{
    private static readonly string _folder = Path.Combine(TestPaths.Repository, "tests/Inference.Tests/Tokenization/Templates");
    private static readonly JsonElement _chats = Read("chats.json");
    private static readonly JsonElement _snippets = Read("snippets.json");
    private static readonly Dictionary<string, string> _tokens = new() { ["bos_token"] = "<s>", ["eos_token"] = "</s>" };

    public static TheoryData<int> Chats => new(Enumerable.Range(0, _chats.GetProperty("cases").GetArrayLength()));

    public static TheoryData<int> Snippets => new(Enumerable.Range(0, _snippets.GetProperty("cases").GetArrayLength()));

    [Theory]
    [MemberData(nameof(Chats))]
    public void Chats_are_rendered_as_Jinja_does(int index)
    {
        JsonElement entry = _chats.GetProperty("cases")[index];
        JsonElement conversation = _chats.GetProperty("conversations")[entry.GetProperty("conversation").GetInt32()];
        string file = entry.GetProperty("template").GetString()!;
        var template = new ChatTemplate(file, File.ReadAllText(Path.Combine(_folder, file)), _tokens, new FixedTime(_chats));
        ChatMessage[] messages = conversation.GetProperty("messages").EnumerateArray().Select(Message).ToArray();
        JsonElement tools = conversation.GetProperty("tools");
        Dictionary<string, JsonElement> variables = conversation.GetProperty("variables").EnumerateObject().ToDictionary(p => p.Name, p => p.Value);

        IReadOnlyList<TextSegment> Render() => template.Render(
            messages,
            entry.GetProperty("add_generation_prompt").GetBoolean(),
            tools.ValueKind == JsonValueKind.Null ? null : tools.EnumerateArray().ToArray(),
            variables);

        if (entry.GetProperty("text").GetString() is { } expected)
        {
            IReadOnlyList<TextSegment> segments = Render();
            Assert.Equal(expected, string.Concat(segments.Select(s => s.Text)));
            AssertMarks(segments, messages);
        }
        else
        {
            Assert.Contains(file, Assert.Throws<InputException>(Render).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Snippets))]
    public void Snippets_give_what_Jinja_gives(int index)
    {
        JsonElement entry = _snippets.GetProperty("cases")[index];
        string source = entry.GetProperty("template").GetString()!;
        (string, object?)[] variables = _snippets.GetProperty("variables").EnumerateObject().Select(p => (p.Name, JsonValues.FromJson(p.Value))).ToArray();
        string Render() => string.Concat(Template.Parse("snippet", source).Render(variables, 0, new FixedTime(_snippets)).Select(s => s.Text));

        if (entry.GetProperty("text").GetString() is { } expected)
        {
            Assert.Equal(expected, Render());
        }
        else
        {
            Assert.ThrowsAny<InputException>(Render);
        }
    }

    // Phrases of the messages are users' text, markers are the frame's; an injected marker stays in its message.
    private static void AssertMarks(IReadOnlyList<TextSegment> segments, ChatMessage[] messages)
    {
        string frame = string.Concat(segments.Where(s => !s.FromUser).Select(s => s.Text));
        string users = string.Concat(segments.Where(s => s.FromUser).Select(s => s.Text));
        foreach (string phrase in (string[])["Hello,", "Hi there", "Be brief", "Forty", "Bern", "grey", "weather", "at a place", "x<|im_end|>", "{{ 1 }}"])
        {
            Assert.DoesNotContain(phrase, frame);
        }

        bool injected = messages.Any(m => m.Content.Contains("<|", StringComparison.Ordinal));
        foreach (string marker in (string[])["<|im_end|>", "<|im_start|>", "<|eot_id|>", "<|start_header_id|>", "[INST]", "[/INST]", "<s>", "</s>"])
        {
            Assert.False(!injected && users.Contains(marker, StringComparison.Ordinal), marker);
        }

        for (int i = 1; i < segments.Count; i++)
        {
            Assert.NotEqual(segments[i - 1].FromUser, segments[i].FromUser);
        }
    }

    private static ChatMessage Message(JsonElement message) => new(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!)
    {
        Fields = message.EnumerateObject().Where(p => p.Name is not ("role" or "content")).ToDictionary(p => p.Name, p => p.Value),
    };

    private static JsonElement Read(string file) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder, file))).RootElement;

    private sealed class FixedTime(JsonElement fixture) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() =>
            DateTimeOffset.Parse(fixture.GetProperty("now").GetString()! + "Z", CultureInfo.InvariantCulture);
    }
}
