using System.Text.Json;
using KVCluster.Inference;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Worker;

/// <summary>A chat as its template wrote it, with an answer opened, and places in it.</summary>
internal sealed class RenderedChat
{
    /// <summary>Stands for an answer: a word no template trims or looks into.</summary>
    private const string Answer = "kvclusterdummyanswer";

    private readonly IReadOnlyList<TextSegment> _segments;

    private RenderedChat(IReadOnlyList<TextSegment> segments)
    {
        _segments = segments;
        Length = segments.Sum(s => s.Text.Length);
    }

    /// <summary>UTF-16 units.</summary>
    public int Length { get; }

    public static RenderedChat Of(ChatTemplate template, IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonElement>? tools = null) =>
        new(template.Render(messages, addGenerationPrompt: true, tools));

    /// <summary>What the template writes behind an assistant's text when these messages come next.</summary>
    public static List<TextSegment> AfterAnswer(ChatTemplate template, IReadOnlyList<ChatMessage> next)
    {
        (RenderedChat chat, int start) = WithAnswer(template, next);
        return chat.Slice(start, chat.Length);
    }

    /// <summary>A chat that ends with these messages, and where the assistant's text before them ends.</summary>
    public static (RenderedChat Chat, int AnswerEnd) WithAnswer(ChatTemplate template, IReadOnlyList<ChatMessage> next)
    {
        RenderedChat chat = Of(template, [new("user", "question"), new("assistant", Answer), .. next]);
        int start = string.Concat(chat._segments.Select(s => s.Text)).IndexOf(Answer, StringComparison.Ordinal);
        return start >= 0
            ? (chat, start + Answer.Length)
            : throw new InputException("the model's chat template leaves out what the assistant said");
    }

    /// <summary>Where the last occurrence of a text that came with the messages begins; null where it does not occur whole.</summary>
    public int? FindUserText(string text)
    {
        int end = Length;
        for (int i = _segments.Count - 1; i >= 0; i--)
        {
            end -= _segments[i].Text.Length;
            int at = _segments[i].FromUser ? _segments[i].Text.LastIndexOf(text, StringComparison.Ordinal) : -1;
            if (at >= 0)
            {
                return end + at;
            }
        }

        return null;
    }

    /// <summary>The part [start, end), in segments.</summary>
    public List<TextSegment> Slice(int start, int end)
    {
        List<TextSegment> part = [];
        int at = 0;
        foreach (TextSegment segment in _segments)
        {
            int from = Math.Clamp(start - at, 0, segment.Text.Length);
            int to = Math.Clamp(end - at, from, segment.Text.Length);
            if (to > from)
            {
                part.Add(segment with { Text = segment.Text[from..to] });
            }

            at += segment.Text.Length;
        }

        return part;
    }
}
