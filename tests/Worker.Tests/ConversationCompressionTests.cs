using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Tests;

public sealed class ConversationCompressionTests(NeedleFixture needle) : IClassFixture<NeedleFixture>
{
    public static TheoryData<string> Policies => new(
        "kvcompose",
        "kvcompose-unstructured",
        "kvcompose:scores=observed",
        "kvcompose:scores=task",
        "kvcompose:value-norm=true",
        "streaming-llm");

    [Theory]
    [MemberData(nameof(Policies))]
    public void Ratio_0_changes_nothing(string policy)
    {
        using Conversation conversation = needle.Asked();
        using Conversation untouched = conversation.Fork();
        LedgerSnapshot before = needle.Ledger();
        CompressionReport report = conversation.Compress(Request(policy, 0));
        Assert.True(conversation.Cache.IsExact);
        Assert.Equal(before, needle.Ledger());
        Assert.Equal(report.BytesBefore, report.BytesAfter);
        Assert.Equal(0, report.FreedBytes);
        Assert.Equal(report.Summary.TotalPresent, report.Summary.TotalKept);
        Assert.Equal(NeedleFixture.Run(untouched).Tokens, NeedleFixture.Run(conversation).Tokens);
        Assert.Equal(untouched.NextLogits().ToArray(), conversation.NextLogits().ToArray());
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void Half_the_cache_really_goes(string policy)
    {
        using Conversation conversation = needle.Read();
        int length = conversation.Cache.LogicalLength;
        LedgerSnapshot before = needle.Ledger();
        var progress = new List<double>();
        CompressionReport report = conversation.Compress(Request(policy, 0.5), progress.Add);

        LedgerSnapshot after = needle.Ledger();
        Assert.Equal(policy.Split(':')[0], report.Policy);
        Assert.Equal(0.5, report.Ratio);
        Assert.Equal(after.FreeBytes - before.FreeBytes, report.FreedBytes);
        Assert.Equal(report.BytesBefore - report.BytesAfter, report.FreedBytes);
        Assert.Equal(after.EvictableBytes, report.BytesAfter);
        Assert.InRange(report.BytesAfter, 1, 0.65 * report.BytesBefore);
        Assert.InRange((double)report.Summary.TotalKept / report.Summary.TotalPresent, 0.49, 0.5);
        Assert.Equal(length, report.LogicalLength);
        Assert.Equal(length, conversation.Tokens.Count);
        Assert.False(conversation.Cache.IsExact);
        Assert.Equal(progress.Order(), progress);
        Assert.True(report.ScoringSeconds >= 0 && report.PlanSeconds > 0 && report.ApplySeconds > 0);
        AssertGoesOnAtLogicalPositions(conversation, report);
    }

    [Fact]
    public void What_the_scores_found_worth_keeping_still_answers()
    {
        using Conversation conversation = needle.Read();
        conversation.Compress(Request("kvcompose", 0.5));
        conversation.Append(needle.Framing.FirstTurn(null, NeedleFixture.Document, NeedleFixture.Question).Question);
        Assert.Equal(NeedleFixture.Answer, NeedleFixture.Run(conversation).Text);
        conversation.Append(needle.Framing.NextTurn(NeedleFixture.SecondQuestion, lastTurnEnded: true));
        Assert.Equal(NeedleFixture.SecondAnswer, NeedleFixture.Run(conversation).Text);
    }

    [Fact]
    public void A_compressed_conversation_is_compressed_again()
    {
        using Conversation conversation = needle.Asked();
        NeedleFixture.Run(conversation);
        int? pending = conversation.PendingToken;
        int length = conversation.Cache.LogicalLength;
        Assert.NotNull(pending);
        long last = conversation.Cache.Bytes;
        foreach (string policy in (string[])["kvcompose-unstructured", "kvcompose", "kvcompose:scores=observed", "streaming-llm"])
        {
            CompressionReport report = conversation.Compress(Request(policy, 0.4));
            Assert.Equal(last, report.BytesBefore);
            Assert.True(report.BytesAfter < last);
            Assert.Equal(pending, conversation.PendingToken);
            Assert.Equal(length, conversation.Cache.LogicalLength);
            last = report.BytesAfter;
        }

        AssertPositionsAscend(conversation.Cache);
        conversation.Append(needle.Framing.NextTurn(NeedleFixture.SecondQuestion, lastTurnEnded: true));
        Assert.NotEmpty(NeedleFixture.Run(conversation).Tokens);
        needle.Model.Backend.Pool.CheckIntegrity();
    }

    [Fact]
    public void Compressing_a_fork_leaves_the_original_alone()
    {
        using Conversation original = needle.Asked();
        using Conversation fork = original.Fork();
        CompressionReport report = fork.Compress(Request("kvcompose", 0.75));
        Assert.True(report.BytesAfter < report.BytesBefore / 2);

        // The original keeps its pages, and what the fork rewrote it had to copy.
        Assert.True(report.FreedBytes <= 0);
        Assert.True(original.Cache.IsExact);
        Assert.Equal(NeedleFixture.Answer, NeedleFixture.Run(original).Text);
    }

    [Fact]
    public void A_cancelled_compression_changes_nothing()
    {
        using Conversation conversation = needle.Asked();
        LedgerSnapshot before = needle.Ledger();
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(
            () => conversation.Compress(Request("kvcompose", 0.5), _ => cancel.Cancel(), cancel.Token));
        Assert.True(conversation.Cache.IsExact);
        Assert.Equal(before, needle.Ledger());
        Assert.Equal(NeedleFixture.Answer, NeedleFixture.Run(conversation).Text);
    }

    [Fact]
    public void Scores_that_cannot_be_had_are_refused()
    {
        using Conversation conversation = needle.Asked(options: new ConversationOptions { Observe = null });
        using Conversation averaged = needle.Asked(
            options: new ConversationOptions { Observe = new ObservationOptions(QueryAggregation.Mean) });
        using var empty = new Conversation(needle.Model);
        CompressionRequest task = Request("kvcompose:scores=task", 0.5) with { TaskPrompts = [] };
        int[] foreign = [needle.Model.Config.VocabularySize];
        Assert.Throws<InputException>(() => conversation.Compress(Request("kvcompose:scores=observed", 0.5)));
        Assert.Throws<InputException>(() => averaged.Compress(Request("kvcompose:scores=observed", 0.5)));
        Assert.Throws<InputException>(() => conversation.Compress(task));
        Assert.Throws<InputException>(() => conversation.Compress(task with { TaskPrompts = [foreign] }));
        Assert.Throws<InputException>(() => conversation.Compress(task with { TaskPrompts = [ReadOnlyMemory<int>.Empty] }));
        Assert.Throws<InputException>(() => conversation.Compress(Request("kvcompose", 0.5) with { ReplayChunkTokens = 0 }));
        Assert.Throws<InputException>(() => empty.Compress(Request("kvcompose", 0.5)));
        Assert.True(conversation.Cache.IsExact && averaged.Cache.IsExact);
        Assert.Equal(0.5, averaged.Compress(Request("kvcompose:scores=observed,aggregation=mean", 0.5)).Ratio);
    }

    [Fact]
    public void A_replay_in_small_chunks_keeps_the_same()
    {
        using Conversation one = needle.Asked();
        using Conversation other = one.Fork();
        one.Compress(Request("kvcompose-unstructured", 0.6));
        other.Compress(Request("kvcompose-unstructured", 0.6) with { ReplayChunkTokens = 17 });
        Assert.Equal(CacheContents.Positions(one.Cache), CacheContents.Positions(other.Cache));
    }

    private CompressionRequest Request(string policy, double ratio) =>
        new(CompressionPolicies.Parse(policy), RetentionBudget.OfRatio(ratio))
        {
            TaskPrompts = [needle.Model.Tokenizer.Encode(NeedleFixture.Question, parseSpecial: false)],
        };

    private static void AssertGoesOnAtLogicalPositions(Conversation conversation, CompressionReport report)
    {
        KvCache cache = conversation.Cache;
        conversation.Append(new[] { 5, 6 });
        Assert.Equal(report.LogicalLength + 2, cache.LogicalLength);
        for (int layer = 0; layer < cache.Geometry.Layers; layer++)
        {
            for (int head = 0; head < cache.Geometry.KvHeads; head++)
            {
                int slots = cache.Length(layer, head);
                Assert.Equal(report.Summary.Kept(layer, head) + 2, slots);
                Assert.Equal(report.LogicalLength, cache.OriginalPosition(layer, head, slots - 2));
                Assert.Equal(report.LogicalLength + 1, cache.OriginalPosition(layer, head, slots - 1));
            }
        }

        AssertPositionsAscend(cache);
    }

    private static void AssertPositionsAscend(KvCache cache) =>
        Assert.All(CacheContents.Positions(cache), row => Assert.Equal(row.Order().Distinct(), row));
}
