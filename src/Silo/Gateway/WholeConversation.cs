using KVCluster.Inference;
using KVCluster.Inference.Tokenization;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Gateway;

/// <summary>A request's whole conversation as the model reads it: segments of text that know which of them users wrote, and token ids.</summary>
internal sealed class WholeConversation
{
    private readonly Tokenizer _tokenizer;
    private readonly IReadOnlyList<TextSegment> _segments;

    private WholeConversation(Tokenizer tokenizer, IReadOnlyList<TextSegment> segments, int[] tokens)
    {
        _tokenizer = tokenizer;
        _segments = segments;
        Tokens = tokens;
    }

    /// <summary>All of it, the answer opened at its end.</summary>
    public int[] Tokens { get; }

    /// <exception cref="OpenAiException">The model has no chat template, or its template refuses the messages.</exception>
    public static WholeConversation Of(ServedModel model, CompletionJob job)
    {
        try
        {
            if (job.PromptTokens is { } ids)
            {
                return new WholeConversation(model.Tokenizer, [], [.. ids]);
            }

            if (job.Prompt is { } text)
            {
                return new WholeConversation(
                    model.Tokenizer, [new TextSegment(text, FromUser: true)], model.Tokenizer.EncodeDocument(text, parseSpecial: false));
            }

            ChatTemplate template = model.Template
                ?? throw OpenAiException.Invalid("model", $"the model '{model.Name}' has no chat template: use /v1/completions");
            IReadOnlyList<TextSegment> segments = template.Render(
                job.Messages, addGenerationPrompt: true, job.UseTools && job.Tools.Count > 0 ? job.Tools : null);
            return new WholeConversation(model.Tokenizer, segments, model.Tokenizer.Encode(segments, plainUserText: true));
        }
        catch (InputException e)
        {
            throw OpenAiException.Invalid("messages", e.Message);
        }
    }

    /// <summary>
    /// What comes behind a history whose text is this conversation's beginning, as token ids; null where it is not. An answer's text may be
    /// tokenised in another way than it was generated: its tokens differ, the conversation does not.
    /// </summary>
    public int[]? After(string history)
    {
        int at = 0;
        List<TextSegment> rest = [];
        foreach (TextSegment segment in _segments)
        {
            int common = Math.Min(segment.Text.Length, history.Length - at);
            if (string.CompareOrdinal(segment.Text, 0, history, at, common) != 0)
            {
                return null;
            }

            at += common;
            if (common < segment.Text.Length)
            {
                rest.Add(segment with { Text = segment.Text[common..] });
            }
        }

        return at == history.Length && rest.Count > 0 ? _tokenizer.Encode(rest, plainUserText: true) : null;
    }
}
