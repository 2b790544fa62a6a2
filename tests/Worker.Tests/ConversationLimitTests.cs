using System.Globalization;
using KVCluster.Inference;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Tests;

/// <summary>Prompts and answers that meet the end of the context or of the arena.</summary>
public sealed class ConversationLimitTests(NeedleFixture needle) : IClassFixture<NeedleFixture>
{
    [Fact]
    public void A_prompt_longer_than_the_context_is_refused_with_both_numbers()
    {
        using Conversation conversation = needle.Read();
        int context = needle.Model.Config.ContextLength;
        int held = conversation.Tokens.Count;
        LedgerSnapshot before = needle.Ledger();
        int tooMany = context - held + 1;
        var e = Assert.Throws<InputException>(() => conversation.Append(new int[tooMany], _ => Assert.Fail("something ran")));
        AssertNames(e, tooMany, held, context);
        Assert.Equal(before, needle.Ledger());
        Assert.Equal(held, conversation.Cache.LogicalLength);
        Assert.Equal(held, conversation.Tokens.Count);
    }

    [Fact]
    public void A_prompt_longer_than_the_arena_is_refused_with_both_numbers()
    {
        using LocalModel model = NeedleFixture.Open(contextTokens: 96);
        using var conversation = new Conversation(model);
        LedgerSnapshot before = model.Backend.Pool.Ledger.Snapshot();
        var e = Assert.Throws<InputException>(() => conversation.Append(new int[200], _ => Assert.Fail("something ran")));

        // The arena has one page a head more than was asked for.
        AssertNames(e, 200, 128);
        Assert.Equal(before, model.Backend.Pool.Ledger.Snapshot());
        conversation.Append(new int[128]);
        Assert.Equal(128, conversation.Cache.LogicalLength);
    }

    [Fact]
    public void A_prompt_that_others_leave_no_room_for_is_told_so()
    {
        using LocalModel model = NeedleFixture.Open(contextTokens: 96);
        using var other = new Conversation(model);
        other.Append(new int[70]);
        using var conversation = new Conversation(model);
        LedgerSnapshot before = model.Backend.Pool.Ledger.Snapshot();
        Assert.Throws<ArenaFullException>(() => conversation.Append(new int[80], _ => Assert.Fail("something ran")));
        Assert.Equal(before, model.Backend.Pool.Ledger.Snapshot());
        Assert.Equal(0, conversation.Cache.LogicalLength);
        other.Dispose();
        conversation.Append(new int[80]);
    }

    [Fact]
    public void Token_ids_out_of_range_are_refused_before_anything_runs()
    {
        using Conversation conversation = needle.Read();
        int held = conversation.Tokens.Count;
        int vocabulary = needle.Model.Config.VocabularySize;
        foreach (int id in (int[])[vocabulary, -1, int.MaxValue, int.MinValue])
        {
            var e = Assert.Throws<InputException>(() => conversation.Append(new[] { 5, id }, _ => Assert.Fail("something ran")));
            AssertNames(e, id, vocabulary);
        }

        Assert.Equal(held, conversation.Cache.LogicalLength);
    }

    [Fact]
    public void An_answer_ends_where_the_context_does()
    {
        using var conversation = new Conversation(needle.Model);
        int context = needle.Model.Config.ContextLength;
        int[] text = needle.Model.Tokenizer.Encode(NeedleFixture.MakeDocument(600), parseSpecial: false);
        conversation.Append(text.AsMemory(0, context - 2));
        Completion completion = RunOn(conversation);

        // Two fill the context; the third is known and has no place in it.
        Assert.Equal((FinishReason.ContextFull, 3), (completion.Reason, completion.Tokens.Count));
        Assert.Equal(context, conversation.Cache.LogicalLength);
        completion = RunOn(conversation);
        Assert.Equal((FinishReason.ContextFull, 0), (completion.Reason, completion.Tokens.Count));
    }

    [Fact]
    public void An_answer_ends_where_the_arena_does()
    {
        using LocalModel model = NeedleFixture.Open(contextTokens: 96);
        using var conversation = new Conversation(model);
        int[] text = model.Tokenizer.Encode(NeedleFixture.MakeDocument(100), parseSpecial: false);
        conversation.Append(text.AsMemory(0, 127));
        Completion completion = RunOn(conversation);
        Assert.Equal((FinishReason.ArenaFull, 2), (completion.Reason, completion.Tokens.Count));
        Assert.Equal(model.Backend.Pool.Ledger.TotalPages, model.Backend.Pool.Ledger.Snapshot().EvictablePages);
    }

    private static Completion RunOn(Conversation conversation)
    {
        // No end token: plain filler goes on and on.
        Completion completion = NeedleFixture.Run(conversation);
        Assert.NotEqual(FinishReason.EndToken, completion.Reason);
        return completion;
    }

    private static void AssertNames(InputException e, params int[] numbers)
    {
        foreach (int number in numbers)
        {
            Assert.Contains(number.ToString(CultureInfo.InvariantCulture), e.Message);
        }
    }
}
