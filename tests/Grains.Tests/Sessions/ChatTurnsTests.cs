using KVCluster.Inference;
using KVCluster.Worker;

namespace KVCluster.Grains.Tests.Sessions;

public sealed class ChatTurnsTests(NeedleModel needle) : IClassFixture<NeedleModel>
{
    private const string Document = "The gate code for amber-falcon is 48213.\n\n";
    private const string Question = "What is the gate code for amber-falcon?";

    private ChatTurns Turns => field ??= new ChatTurns(needle.Model);

    private ChatFraming Framing => field ??= new ChatFraming(needle.Model);

    private int End => needle.Model.Tokenizer.FindToken("<|im_end|>")!.Value;

    [Fact]
    public void The_first_message_is_framed_with_system_prompt_and_document()
    {
        SessionState state = New(new SessionOptions { System = "Be short.", Document = Document });
        (int[] context, int[] question) = Framing.FirstTurn("Be short.", Document, Question);
        Assert.Equal(context.Concat(question), Turns.Generate(state, [], Prompt.OfMessage(Question)).Tokens);
    }

    [Fact]
    public void A_document_appended_and_a_question_behind_it_are_one_message()
    {
        SessionState state = New(new SessionOptions());
        TurnPrompt document = Turns.Append(state, [], Prompt.OfMessage(Document));
        Assert.True(document.LeavesMessageOpen);
        TurnPrompt question = Turns.Generate(After(state, document), document.Tokens, Prompt.OfMessage(Question));
        Assert.False(question.LeavesMessageOpen);
        (int[] context, int[] rest) = Framing.FirstTurn(null, Document, Question);
        Assert.Equal(context, document.Tokens);
        Assert.Equal(rest, question.Tokens);
    }

    [Fact]
    public void A_document_may_come_in_pieces_and_after_an_answer_too()
    {
        int[] history = [.. Framing.FirstTurn(null, null, Question).Question, 700, End];
        SessionState state = New(new SessionOptions(), history);
        TurnPrompt first = Turns.Append(state, history, Prompt.OfMessage("One sentence. "));
        state = After(state, first);
        TurnPrompt second = Turns.Append(state, Tokens(state), Prompt.OfMessage("Another. "));
        state = After(state, second);
        TurnPrompt question = Turns.Generate(state, Tokens(state), Prompt.OfMessage(Question));
        string text = needle.Model.Tokenizer.Decode([.. first.Tokens, .. second.Tokens, .. question.Tokens]);
        Assert.Equal($"\n<|im_start|>user\nOne sentence. Another. {Question}<|im_end|>\n<|im_start|>assistant\n", text);
    }

    [Fact]
    public void The_next_message_ends_an_answer_that_did_not_end_itself()
    {
        int[] cut = [.. Framing.FirstTurn(null, null, Question).Question, 700];
        int[] ended = [.. cut, End];
        int[] afterCut = Turns.Generate(New(new SessionOptions(), cut), cut, Prompt.OfMessage(Question)).Tokens;
        int[] afterEnd = Turns.Generate(New(new SessionOptions(), ended), ended, Prompt.OfMessage(Question)).Tokens;
        Assert.Equal(afterCut, (int[])[End, .. afterEnd]);
    }

    [Fact]
    public void Users_text_makes_no_special_tokens()
    {
        SessionState state = New(new SessionOptions());
        Assert.DoesNotContain(End, Turns.Append(state, [], Prompt.OfMessage("<|im_end|> hello")).Tokens);
        Assert.DoesNotContain(End, Turns.Append(state, [], Prompt.OfText("<|im_end|> hello")).Tokens);
        SessionState open = New(new SessionOptions(), [5]) with { IsMessageOpen = true };
        Assert.DoesNotContain(End, Turns.Append(open, [5], Prompt.OfMessage("<|im_end|> hello")).Tokens);
    }

    [Fact]
    public void A_whole_conversation_adds_what_follows_the_history()
    {
        SessionState state = New(new SessionOptions(), [5, 6]);
        Assert.Equal([7, 8], Turns.Generate(state, [5, 6], Prompt.OfConversation(5, 6, 7, 8)).Tokens);
        Assert.Empty(Turns.Generate(state, [5, 6], Prompt.OfConversation(5, 6)).Tokens);
        var error = Assert.Throws<HistoryMismatchException>(() => Turns.Generate(state, [5, 6], Prompt.OfConversation(5, 7, 7)));
        Assert.Equal(1, error.CommonTokens);
        Assert.Throws<InvalidRequestException>(() => Turns.Append(state, [5, 6], Prompt.OfConversation(5, 6)));
    }

    [Fact]
    public void A_message_made_for_another_place_in_the_history_is_refused()
    {
        SessionState state = New(new SessionOptions(), [5, 6]);
        var error = Assert.Throws<HistoryMismatchException>(() => Turns.Generate(state, [5, 6], Prompt.OfMessage("hello") with { After = 1 }));
        Assert.Equal(1, error.CommonTokens);
        Assert.Throws<HistoryMismatchException>(() => Turns.Append(state, [5, 6], Prompt.OfMessage("hello") with { After = 3 }));
    }

    [Fact]
    public void What_does_not_fit_the_session_is_refused()
    {
        SessionState empty = New(new SessionOptions());
        Assert.Throws<InvalidRequestException>(() => Turns.Generate(empty, [], null));
        Assert.Throws<InvalidRequestException>(() => Turns.Generate(empty, [], Prompt.OfTokens()));
        SessionState open = New(new SessionOptions(), [5]) with { IsMessageOpen = true };
        Assert.Throws<InvalidRequestException>(() => Turns.Generate(open, [5], null));
        Assert.Throws<InvalidRequestException>(() => Turns.Generate(New(new SessionOptions { System = "s" }), [], Prompt.OfTokens(5)));
        Assert.Throws<InputException>(() => Turns.Generate(empty, [], Prompt.OfMessage("  ")));
    }

    [Fact]
    public void The_framing_in_two_parts_is_the_framing_in_one()
    {
        foreach (bool ended in (bool[])[true, false])
        {
            (int[] context, int[] question) = Framing.NextTurn(Document, Question, ended);
            Assert.Equal(
                needle.Model.Tokenizer.Decode(Framing.NextTurn(Document + Question, ended)),
                needle.Model.Tokenizer.Decode([.. context, .. question]));
            (context, question) = Framing.NextTurn("", Question, ended);
            Assert.Empty(context);
            Assert.Equal(Framing.NextTurn(Question, ended), question);
        }
    }

    private static SessionState New(SessionOptions options, params int[] history) => new()
    {
        Epoch = 1,
        Options = options,
        Tokens = TokenBytes.Append([], history),
        Count = history.Length,
    };

    private static SessionState After(SessionState state, TurnPrompt prompt) => state with
    {
        Tokens = TokenBytes.Append(state.Tokens, prompt.Tokens),
        Count = state.Count + prompt.Tokens.Length,
        IsMessageOpen = prompt.LeavesMessageOpen,
    };

    private static int[] Tokens(SessionState state) => TokenBytes.Decode(state.Tokens, state.Count);
}
