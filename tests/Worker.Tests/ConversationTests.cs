using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.TestSupport;

namespace KVCluster.Worker.Tests;

public sealed class ConversationTests(NeedleFixture needle) : IClassFixture<NeedleFixture>
{
    [Fact]
    public void Answers_from_the_document_turn_after_turn()
    {
        using Conversation conversation = needle.Asked();
        Completion first = NeedleFixture.Run(conversation);
        Assert.Equal(NeedleFixture.Answer, first.Text);
        Assert.Equal(FinishReason.EndToken, first.Reason);
        Assert.Contains(first.Tokens[^1], needle.Model.EndTokens);
        Assert.True(first.Seconds > 0 && first.TokensPerSecond > 0);

        conversation.Append(needle.Framing.NextTurn(NeedleFixture.SecondQuestion, lastTurnEnded: true));
        Assert.Equal(NeedleFixture.SecondAnswer, NeedleFixture.Run(conversation).Text);
    }

    [Fact]
    public void The_last_token_of_an_answer_enters_the_cache_with_what_comes_next()
    {
        using Conversation conversation = needle.Asked();
        int asked = conversation.Tokens.Count;
        Assert.Null(conversation.PendingToken);
        Assert.Equal(asked, conversation.Cache.LogicalLength);

        Completion answer = NeedleFixture.Run(conversation);
        Assert.Equal(answer.Tokens[^1], conversation.PendingToken);
        Assert.Equal(asked + answer.Tokens.Count, conversation.Tokens.Count);
        Assert.Equal(conversation.Tokens.Count - 1, conversation.Cache.LogicalLength);

        int[] next = needle.Framing.NextTurn(NeedleFixture.SecondQuestion, lastTurnEnded: true);
        conversation.Append(next);
        Assert.Null(conversation.PendingToken);
        Assert.Equal(asked + answer.Tokens.Count + next.Length, conversation.Cache.LogicalLength);
        Assert.Equal([.. answer.Tokens, .. next], conversation.Tokens.Skip(asked));
    }

    [Fact]
    public void An_answer_cut_in_two_goes_on_as_if_it_were_one()
    {
        using Conversation whole = needle.Asked();
        using Conversation cut = whole.Fork();
        Completion expected = NeedleFixture.Run(whole);
        Completion head = NeedleFixture.Run(cut, NeedleFixture.Greedy with { MaxTokens = 3 });
        Assert.Equal(FinishReason.MaxTokens, head.Reason);
        Completion tail = NeedleFixture.Run(cut);
        Assert.Equal(expected.Tokens, head.Tokens.Concat(tail.Tokens));
        Assert.Equal(expected.Text, head.Text + tail.Text);
        Assert.Equal(whole.Tokens, cut.Tokens);
    }

    [Fact]
    public void Prompts_appended_in_pieces_give_the_same_distribution()
    {
        (int[] context, int[] question) = needle.Framing.FirstTurn(null, NeedleFixture.Document, NeedleFixture.Question);
        using var whole = new Conversation(needle.Model);
        using var pieces = new Conversation(needle.Model);
        var reported = new List<int>();
        whole.Append((int[])[.. context, .. question], reported.Add);
        int chunk = needle.Model.Backend.MaxBatchTokens;
        Assert.Equal(whole.Tokens.Count, reported[^1]);
        Assert.Equal(Enumerable.Range(1, reported.Count - 1).Select(i => i * chunk), reported.SkipLast(1));

        foreach (int[] piece in context.Concat(question).Chunk(37))
        {
            pieces.Append(piece);
        }

        Compare.Within(2e-4, pieces.NextLogits(), whole.NextLogits(), "logits");
        Assert.Equal(NeedleFixture.Run(whole).Tokens, NeedleFixture.Run(pieces).Tokens);
    }

    [Fact]
    public void A_cancelled_append_leaves_everything_as_it_was()
    {
        using Conversation conversation = needle.Asked();
        using Conversation untouched = conversation.Fork();
        NeedleFixture.Run(conversation, NeedleFixture.Greedy with { MaxTokens = 2 });
        NeedleFixture.Run(untouched, NeedleFixture.Greedy with { MaxTokens = 2 });
        int[] tokens = [.. conversation.Tokens];
        int length = conversation.Cache.LogicalLength;
        int? pending = conversation.PendingToken;
        LedgerSnapshot before = needle.Ledger();

        using var cancel = new CancellationTokenSource();
        int[] prompt = needle.Model.Tokenizer.Encode(NeedleFixture.Document, parseSpecial: false);
        int reported = 0;
        Assert.Throws<OperationCanceledException>(() => conversation.Append(
            prompt,
            done =>
            {
                reported = done;
                cancel.Cancel();
            },
            cancel.Token));

        Assert.InRange(reported, 1, prompt.Length - 1);
        Assert.Equal(tokens, conversation.Tokens);
        Assert.Equal(length, conversation.Cache.LogicalLength);
        Assert.Equal(pending, conversation.PendingToken);
        Assert.True(conversation.Cache.IsExact);
        Assert.Equal(before, needle.Ledger());
        Assert.Equal(NeedleFixture.Run(untouched).Tokens, NeedleFixture.Run(conversation).Tokens);
    }

    [Fact]
    public void A_cancelled_append_keeps_the_distribution_for_the_next_token()
    {
        using Conversation conversation = needle.Asked();
        float[] before = conversation.NextLogits().ToArray();
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.Throws<OperationCanceledException>(() => conversation.Append(new[] { 5 }, null, cancel.Token));
        Assert.Equal(before, conversation.NextLogits().ToArray());
        Assert.Equal(NeedleFixture.Answer, NeedleFixture.Run(conversation).Text);
    }

    [Fact]
    public void Forks_share_pages_and_go_their_own_ways()
    {
        using Conversation original = needle.Asked();
        LedgerSnapshot before = needle.Ledger();
        using Conversation fork = original.Fork();
        Assert.Equal(before, needle.Ledger());

        fork.Append(needle.Framing.NextTurn(NeedleFixture.SecondQuestion, lastTurnEnded: false));
        Assert.Equal(NeedleFixture.SecondAnswer, NeedleFixture.Run(fork).Text);
        Assert.Equal(NeedleFixture.Answer, NeedleFixture.Run(original).Text);
        Assert.NotEqual(original.Tokens, fork.Tokens);
        needle.Model.Backend.Pool.CheckIntegrity();
    }

    [Fact]
    public void Disposal_returns_every_page()
    {
        LedgerSnapshot before = needle.Ledger();
        using (Conversation conversation = needle.Asked())
        {
            NeedleFixture.Run(conversation);
            using Conversation fork = conversation.Fork();
            NeedleFixture.Run(fork);
            Assert.True(needle.Ledger().FreePages < before.FreePages);
        }

        Assert.Equal(before, needle.Ledger());
        needle.Model.Backend.Pool.CheckIntegrity();
    }

    [Fact]
    public void Nothing_to_append_changes_nothing_and_nothing_to_go_on_from_is_refused()
    {
        using var conversation = new Conversation(needle.Model);
        conversation.Append(ReadOnlyMemory<int>.Empty);
        Assert.Empty(conversation.Tokens);
        Assert.Throws<InputException>(() => conversation.Generate(NeedleFixture.Greedy));
        Assert.Throws<InputException>(() => conversation.Generate(new SamplingOptions { MaxTokens = 0 }));
    }

    [Fact]
    public void While_an_answer_is_read_nothing_else_may_run()
    {
        using Conversation conversation = needle.Asked();
        foreach (GeneratedPiece _ in conversation.Generate(NeedleFixture.Greedy))
        {
            Assert.Null(conversation.LastCompletion);
            Assert.Throws<InvalidOperationException>(() => conversation.Append(new[] { 5 }));
            Assert.Throws<InvalidOperationException>(() => conversation.Generate(NeedleFixture.Greedy));
            break;
        }

        Assert.NotNull(conversation.LastCompletion);
    }
}
