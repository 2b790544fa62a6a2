using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Pressure;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Silo.Planning;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.TestSupport;
using KVCluster.Worker;
using KVCluster.Worker.Serving;

namespace KVCluster.Silo.Tests.Planning;

/// <summary>What a plan computes against what a real arena counts, a real model holds and a real store writes.</summary>
public sealed class LedgerTests
{
    public static TheoryData<KvElementType, int, int> Caches()
    {
        TheoryData<KvElementType, int, int> cases = [];
        foreach (KvElementType type in Enum.GetValues<KvElementType>())
        {
            foreach (int page in (int[])[16, 32, 64])
            {
                foreach (int tokens in (int[])[1, 15, 16, 17, 64, 65, 300])
                {
                    cases.Add(type, page, tokens);
                }
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Caches))]
    public void A_whole_session_takes_the_bytes_that_the_ledger_counts(KvElementType type, int page, int tokens)
    {
        using LocalModel model = Open(type, page);
        using Conversation conversation = Grown(model, tokens);
        Assert.Equal(SessionBytes.InArena(model.Backend.Pool.Geometry, tokens), Used(model));
    }

    [Theory]
    [InlineData(300, 0.25, 75)]
    [InlineData(300, 0.05, 36)]
    [InlineData(30, 0.5, 30)]
    [InlineData(300, 1.0, 300)]
    public void A_cut_session_keeps_its_share_but_never_less_than_the_floors(int tokens, double keep, int slots)
    {
        Assert.Equal(slots, SessionBytes.KeptSlots(tokens, keep, new SessionFloors()));
        using LocalModel model = Open(KvElementType.BF16, 16);
        using Conversation conversation = Grown(model, tokens);
        Cut(conversation, "streaming-llm", slots / (double)tokens);
        Assert.Equal(SessionBytes.InArena(model.Backend.Pool.Geometry, slots), Used(model));
    }

    [Fact]
    public void A_cut_whose_heads_differ_stays_within_a_page_a_head_of_the_plan()
    {
        using LocalModel model = Open(KvElementType.BF16, 16);
        KvGeometry geometry = model.Backend.Pool.Geometry;
        using Conversation conversation = Grown(model, 600);
        Cut(conversation, "kvcompose", 0.25);
        long planned = SessionBytes.InArena(geometry, SessionBytes.KeptSlots(600, 0.25, new SessionFloors()));
        Assert.InRange(Used(model), planned - (2L * geometry.Heads * geometry.PageBytes), planned + (2L * geometry.Heads * geometry.PageBytes));
    }

    [Theory]
    [InlineData(KvElementType.BF16)]
    [InlineData(KvElementType.Int8)]
    public void A_node_holds_as_many_sessions_below_its_high_watermark_as_planned_and_not_one_more(KvElementType type)
    {
        const int Tokens = 400;
        ModelConfig config = ModelLoader.ReadConfig(TestPaths.Needle);
        ClusterPlan plan = Planner.Make("needle", config, new PlanSettings
        {
            DeviceBytes = 8 << 20,
            Tenants = [new TenantLoad("", 1000, Tokens, 0.2)],
            KvType = type,
            Hot = 1,
        });
        using LocalModel model = Open(type, 32, plan.ArenaBytes);
        Assert.Equal(plan.ArenaBytes, model.Backend.Pool.Ledger.Snapshot().TotalBytes);
        List<Conversation> sessions = [];
        long peak = 0;
        for (int i = 0; i <= plan.SessionsPerNode; i++)
        {
            Assert.True(i == 0 || peak <= plan.HighWatermarkBytes, $"{peak} bytes after {i} sessions of {plan.SessionsPerNode}");
            sessions.Add(Grown(model, Tokens));
            peak = Math.Max(peak, Used(model));
            Cut(sessions[^1], "streaming-llm", 0.2);
        }

        Assert.True(peak > plan.HighWatermarkBytes);
        sessions.ForEach(session => session.Dispose());
    }

    [Fact]
    public void A_models_numbers_are_counted_from_its_configuration()
    {
        foreach (string? path in (string?[])[TestPaths.Needle, TestPaths.SmolLm2])
        {
            if (path is not null)
            {
                using LoadedModel model = ModelLoader.Open(path);
                Assert.Equal(model.ParameterCount, SessionBytes.Parameters(model.Config));
                Assert.Equal(model.ParameterCount, SessionBytes.Parameters(ModelLoader.ReadConfig(path)));
            }
        }
    }

    [Theory]
    [InlineData(KvElementType.BF16, SnapshotCodec.Raw)]
    [InlineData(KvElementType.F32, SnapshotCodec.Raw)]
    [InlineData(KvElementType.F32, SnapshotCodec.BFloat16)]
    [InlineData(KvElementType.BF16, SnapshotCodec.Int8)]
    [InlineData(KvElementType.BF16, SnapshotCodec.Int4)]
    [InlineData(KvElementType.Int8, SnapshotCodec.Raw)]
    public async Task A_cold_copy_takes_the_planned_bytes_and_a_little_for_its_manifest(KvElementType type, SnapshotCodec codec)
    {
        const int Tokens = 1024;
        string folder = Directory.CreateTempSubdirectory("kvcluster-plan-").FullName;
        try
        {
            using LocalModel model = Open(type, 32);
            await using var blobs = new DirectoryBlobStore(new DirectoryBlobStoreOptions { Path = folder, Budget = new BlobBudget { TotalBytes = 1L << 30 } });
            await using var store = new SnapshotStore(blobs, new SnapshotStoreOptions { Codec = codec });
            await using var worker = new DeviceWorker(model, new DeviceWorkerOptions { IdleScores = null }, store);
            var key = new SessionKey("t", "s");
            await foreach (TurnEvent _ in worker.RunAsync(
                new TurnRequest { Session = key, Epoch = 1, History = default, Prompt = Tokenized(Tokens) }, CancellationToken.None))
            {
            }

            SnapshotSave? saved = await worker.SaveAsync(key, 1, CancellationToken.None);
            long planned = SessionBytes.Cold(model.Backend.Pool.Geometry, Tokens, codec);
            Assert.Equal(SaveOutcome.Published, saved!.Outcome);
            Assert.InRange(saved.StoredBytes, planned, (long)(planned * 1.03) + 4096);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static LocalModel Open(KvElementType type, int page, long arena = 4 << 20) => LocalModel.Open(
        TestPaths.Needle, new LocalModelOptions { KvType = type, PageTokens = page, ArenaBytes = arena, Threads = 1 });

    private static Conversation Grown(LocalModel model, int tokens)
    {
        var conversation = new Conversation(model, new ConversationOptions { Observe = null });
        conversation.Append(Tokenized(tokens));
        return conversation;
    }

    private static int[] Tokenized(int count) => [.. Enumerable.Range(0, count).Select(i => 300 + (i * 37 % 500))];

    private static void Cut(Conversation conversation, string policy, double keep) =>
        conversation.Compress(new CompressionRequest(CompressionPolicies.Parse(policy), RetentionBudget.OfRatio(1 - keep)));

    private static long Used(LocalModel model)
    {
        LedgerSnapshot ledger = model.Backend.Pool.Ledger.Snapshot();
        return ledger.TotalBytes - ledger.FreeBytes;
    }
}
