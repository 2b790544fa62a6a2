using System.Text.Json;
using KVCluster.Inference;
using KVCluster.Inference.Tokenization;
using KVCluster.Worker;

namespace KVCluster.Grains;

/// <summary>
/// What a prompt adds to a history, as token ids: messages framed by the model's chat template, text and tokens as they are.
/// </summary>
internal sealed class ChatTurns(LocalModel model)
{
    /// <summary>Stands for the other half of a message where only one half is wanted: a word no template trims or looks into.</summary>
    private const string StandIn = "kvclusterstandin";

    private ChatFraming Framing => field ??= new ChatFraming(model);

    /// <summary>Tokens to append; a message is left open.</summary>
    /// <exception cref="InvalidRequestException">The prompt does not fit the session.</exception>
    /// <exception cref="HistoryMismatchException">It is a whole conversation, and another one.</exception>
    /// <exception cref="InputException">The model has no chat template, or its template refuses the message.</exception>
    public TurnPrompt Append(SessionState state, ReadOnlySpan<int> history, Prompt prompt)
    {
        RequirePlace(history, prompt);
        if (prompt.Message is null)
        {
            int[] added = Raw(state, history, prompt);
            return added.Length > 0
                ? new TurnPrompt(added, state.IsMessageOpen)
                : throw new InvalidRequestException("there is nothing to append: the prompt adds no tokens");
        }

        int[] tokens = history.IsEmpty ? Framing.FirstTurn(state.Options.System, state.Options.Document + prompt.Message, StandIn, tools: Tools(state)).Context
            : state.IsMessageOpen ? Plain(prompt.Message)
            : Framing.NextTurn(prompt.Message, StandIn, HasEnded(history)).Context;
        return new TurnPrompt(tokens, LeavesMessageOpen: true);
    }

    /// <summary>Tokens that come before an answer; none where the answer goes on.</summary>
    /// <exception cref="InvalidRequestException">The prompt does not fit the session.</exception>
    /// <exception cref="HistoryMismatchException">It is a whole conversation, and another one.</exception>
    /// <exception cref="InputException">The model has no chat template, or its template refuses the message.</exception>
    public TurnPrompt Generate(SessionState state, ReadOnlySpan<int> history, Prompt? prompt)
    {
        RequirePlace(history, prompt);
        int[] tokens = prompt switch
        {
            null => GoOn(state),
            { Message: { } message } => Message(state, history, message),
            { Messages: { } messages } => Chat(state, history, messages),
            _ => Raw(state, history, prompt),
        };
        return tokens.Length + history.Length > 0
            ? new TurnPrompt(tokens, LeavesMessageOpen: false)
            : throw new InvalidRequestException("there is nothing to answer: the session has no tokens");
    }

    private int[] Message(SessionState state, ReadOnlySpan<int> history, string message)
    {
        if (history.IsEmpty)
        {
            (int[] context, int[] question) = Framing.FirstTurn(state.Options.System, state.Options.Document, message, tools: Tools(state));
            return [.. context, .. question];
        }

        return state.IsMessageOpen
            ? Framing.FirstTurn(null, StandIn, message).Question
            : Framing.NextTurn(message, HasEnded(history));
    }

    /// <summary>Messages of several roles; the system prompt and the document come before the first.</summary>
    private int[] Chat(SessionState state, ReadOnlySpan<int> history, PromptMessage[] messages)
    {
        if (state.IsMessageOpen)
        {
            throw new InvalidRequestException("the user's message is still open: go on with a message of the user's");
        }

        List<ChatMessage> chat = [.. messages.Select(Of)];
        if (!history.IsEmpty)
        {
            return Framing.NextTurn(chat, HasEnded(history));
        }

        if (state.Options.Document is { } document)
        {
            int first = chat.FindIndex(m => m.Role == PromptMessage.User);
            if (first < 0)
            {
                throw new InvalidRequestException("a conversation about a document begins with a user's message");
            }

            chat[first] = chat[first] with { Content = document + chat[first].Content };
        }

        if (state.Options.System is { } system)
        {
            chat.Insert(0, new ChatMessage("system", system));
        }

        return Framing.Opening(chat, Tools(state));
    }

    private static ChatMessage Of(PromptMessage message)
    {
        Dictionary<string, JsonElement> fields = [];
        if (message.ToolCallId is { } call)
        {
            fields["tool_call_id"] = JsonSerializer.SerializeToElement(call);
        }

        if (message.Name is { } name)
        {
            fields["name"] = JsonSerializer.SerializeToElement(name);
        }

        return new ChatMessage(message.Role, message.Content) { Fields = fields.Count > 0 ? fields : null };
    }

    private static JsonElement[]? Tools(SessionState state) =>
        state.Options.Tools is { } tools ? JsonSerializer.Deserialize<JsonElement[]>(tools) : null;

    private static int[] GoOn(SessionState state) => state.IsMessageOpen
        ? throw new InvalidRequestException("there is nothing to answer: the user's message is still open")
        : [];

    private int[] Raw(SessionState state, ReadOnlySpan<int> history, Prompt prompt)
    {
        if (history.IsEmpty && state.Options is not { System: null, Document: null, Tools: null })
        {
            throw new InvalidRequestException("a session with a system prompt, a document or tools begins with a message");
        }

        if (prompt.Text is not null)
        {
            return history.IsEmpty ? model.Tokenizer.EncodeDocument(prompt.Text, parseSpecial: false) : Plain(prompt.Text);
        }

        return prompt.IsWhole ? Rest(history, prompt.Tokens!) : prompt.Tokens!;
    }

    private static void RequirePlace(ReadOnlySpan<int> history, Prompt? prompt)
    {
        if (prompt?.After is { } after && after != history.Length)
        {
            throw new HistoryMismatchException(
                $"the prompt was made for {after} tokens of history, and the session has {history.Length}", Math.Min(after, history.Length));
        }
    }

    private static int[] Rest(ReadOnlySpan<int> history, int[] conversation)
    {
        int common = history.CommonPrefixLength(conversation);
        return common == history.Length
            ? conversation[common..]
            : throw new HistoryMismatchException(
                $"the conversation agrees with the session's history of {history.Length} tokens for {common} tokens only", common);
    }

    private int[] Plain(string text) => model.Tokenizer.Encode([new TextSegment(text, FromUser: true)], plainUserText: true);

    private bool HasEnded(ReadOnlySpan<int> history) => model.EndTokens.Contains(history[^1]);
}

/// <summary>Tokens that a prompt adds.</summary>
/// <param name="Tokens">The ids.</param>
/// <param name="LeavesMessageOpen">Whether the user's message is open after them.</param>
internal readonly record struct TurnPrompt(int[] Tokens, bool LeavesMessageOpen);
