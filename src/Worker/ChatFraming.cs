using System.Text.Json;
using KVCluster.Inference;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Worker;

/// <summary>
/// Turns of a chat as token ids, framed by the model's own template. Text given by users never makes special tokens. Each turn is only what
/// enters the cache next, so a cache grows by whole turns and nothing said before is tokenised again.
/// </summary>
public sealed class ChatFraming
{
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly IReadOnlySet<int> _endTokens;

    /// <summary>Throws <see cref="InputException"/> where the model has no chat template.</summary>
    public ChatFraming(LocalModel model)
        : this(ModelText.Of(model))
    {
    }

    /// <summary>Throws <see cref="InputException"/> where the model has no chat template.</summary>
    public ChatFraming(ModelText model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _tokenizer = model.Tokenizer;
        _endTokens = model.EndTokens;
        _template = model.Template
            ?? throw new InputException($"{model.Path}: the model has no chat template; it can only continue text");
    }

    internal ChatFraming(Tokenizer tokenizer, ChatTemplate template, IReadOnlySet<int> endTokens)
    {
        _tokenizer = tokenizer;
        _template = template;
        _endTokens = endTokens;
    }

    /// <summary>
    /// The first prompt in two parts, each tokenised by itself as kvpress' pipeline has it, so that the context can be cached and
    /// compressed before the question is known. Context: the frame up to the user's text, and the document. Question: the question, the
    /// rest of the frame with the answer opened, and the answer's prefix. Document and question make one message with nothing between
    /// them. With no document all is in Question.
    /// </summary>
    /// <param name="system">The system prompt; null: the template's own.</param>
    /// <param name="document">What the question is about; null or empty: nothing.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="answerPrefix">What the answer begins with.</param>
    /// <param name="tools">Functions the model may call, as the template reads them; null: none.</param>
    /// <exception cref="InputException">The question is blank, or the template refuses or rewrites the messages.</exception>
    public (int[] Context, int[] Question) FirstTurn(
        string? system, string? document, string question, string answerPrefix = "", IReadOnlyList<JsonElement>? tools = null)
    {
        ArgumentNullException.ThrowIfNull(answerPrefix);
        RequireQuestion(question);
        document ??= "";
        string content = document + question;
        List<ChatMessage> messages = [new("user", content)];
        if (system is not null)
        {
            messages.Insert(0, new("system", system));
        }

        RenderedChat chat = RenderedChat.Of(_template, messages, tools);
        int cut = document.Length == 0 ? 0 : DocumentEnd(chat, content, document.Length);
        List<TextSegment> rest = chat.Slice(cut, chat.Length);
        rest.Add(new TextSegment(answerPrefix, FromUser: true));
        return (Encode(chat.Slice(0, cut)), Encode(rest));
    }

    /// <summary>The first prompt of any messages.</summary>
    /// <exception cref="InputException">The template refuses the messages.</exception>
    public int[] Opening(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonElement>? tools)
    {
        RenderedChat chat = RenderedChat.Of(_template, messages, tools);
        return Encode(chat.Slice(0, chat.Length));
    }

    /// <summary>
    /// What enters the cache between an answer and the next: the end of the answer's turn (without its end token where the model generated
    /// that, <paramref name="lastTurnEnded"/>), the question, and the next answer opened. It does not depend on what was said before.
    /// </summary>
    /// <exception cref="InputException">The question is blank, or the template refuses the messages.</exception>
    public int[] NextTurn(string question, bool lastTurnEnded)
    {
        RequireQuestion(question);
        return NextTurn([new ChatMessage("user", question)], lastTurnEnded);
    }

    /// <summary>The same for any messages: a tool's result, several at once.</summary>
    /// <exception cref="InputException">The template refuses the messages.</exception>
    public int[] NextTurn(IReadOnlyList<ChatMessage> messages, bool lastTurnEnded) =>
        AfterTurn(RenderedChat.AfterAnswer(_template, messages), lastTurnEnded);

    /// <summary>
    /// The same in two parts, as <see cref="FirstTurn"/> has them: up to the document's end, and from the question on, so that the document
    /// can be cached before the question is known.
    /// </summary>
    /// <exception cref="InputException">The question is blank, or the template refuses or rewrites the messages.</exception>
    public (int[] Context, int[] Question) NextTurn(string document, string question, bool lastTurnEnded)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (document.Length == 0)
        {
            return ([], NextTurn(question, lastTurnEnded));
        }

        RequireQuestion(question);
        string content = document + question;
        (RenderedChat chat, int start) = RenderedChat.WithAnswer(_template, [new ChatMessage("user", content)]);
        int cut = DocumentEnd(chat, content, document.Length);
        return (AfterTurn(chat.Slice(start, cut), lastTurnEnded), Encode(chat.Slice(cut, chat.Length)));
    }

    /// <summary>What the template writes before a first user message and behind it, the answer opened.</summary>
    internal (int[] Before, int[] After) UserFrame()
    {
        const string Text = "kvclusterdummyquestion";
        RenderedChat chat = RenderedChat.Of(_template, [new("user", Text)]);
        int start = chat.FindUserText(Text)
            ?? throw new InputException("the model's chat template leaves out what the user said");
        return (Encode(chat.Slice(0, start)), Encode(chat.Slice(start + Text.Length, chat.Length)));
    }

    private static int DocumentEnd(RenderedChat chat, string content, int documentLength)
    {
        if (chat.FindUserText(content) is { } start)
        {
            return start + documentLength;
        }

        // Llama-3's template, for one, trims what users say.
        int skipped = content.Length - content.TrimStart().Length;
        return chat.FindUserText(content.Trim()) is { } trimmed
            ? trimmed + Math.Max(0, documentLength - skipped)
            : throw new InputException(
                "the model's chat template rewrites the user's text, so the document cannot be told from the question");
    }

    private static void RequireQuestion(string question)
    {
        ArgumentNullException.ThrowIfNull(question);
        if (string.IsNullOrWhiteSpace(question))
        {
            throw new InputException("the question is blank");
        }
    }

    private int[] AfterTurn(IReadOnlyList<TextSegment> segments, bool lastTurnEnded)
    {
        int[] ids = Encode(segments);
        return lastTurnEnded && ids.Length > 0 && _endTokens.Contains(ids[0]) ? ids[1..] : ids;
    }

    private int[] Encode(IReadOnlyList<TextSegment> segments) => _tokenizer.Encode(segments, plainUserText: true);
}
