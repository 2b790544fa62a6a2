using System.Text.Json;
using KVCluster.Inference.Tokenization;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Tokenization;

[Trait("Category", "Goldens")]
public class SmolLm2ChatTests
{
    public static IEnumerable<object[]> Chats => SmolLm2Goldens.Indexes("chats");

    [GoldenTheory(SmolLm2Goldens.Part, needsSmolLm2: true)]
    [MemberData(nameof(Chats))]
    public void Text_and_ids_are_the_references(int index)
    {
        if (SmolLm2Goldens.Entries("chats").ElementAtOrDefault(index) is not { ValueKind: JsonValueKind.Object } chat)
        {
            return;
        }

        bool open = chat.GetProperty("add_generation_prompt").GetBoolean();
        ChatMessage[] messages = chat.GetProperty("messages").EnumerateArray()
            .Select(m => new ChatMessage(m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!))
            .ToArray();
        Tokenizer tokenizer = Tokenizers.SmolLm2;
        ChatTemplate template = ChatTemplate.FromGguf(Tokenizers.SmolLm2Metadata, tokenizer)!;

        Assert.Equal(SmolLm2Goldens.Root.GetProperty("chat_template").GetString(), template.Text);
        Assert.Equal(chat.GetProperty("text").GetString(), string.Concat(template.Render(messages, open).Select(s => s.Text)));
        Assert.Equal(SmolLm2Goldens.Ids(chat, "ids"), template.Encode(tokenizer, messages, open, plainUserText: false));
        Assert.Equal(SmolLm2Goldens.Ids(chat, "ids_user_text_as_plain"), template.Encode(tokenizer, messages, open));
    }
}
