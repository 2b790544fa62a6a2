using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;
using KVCluster.TestSupport;
using KVCluster.Worker.Calibration;

namespace KVCluster.Worker.Tests;

/// <summary>
/// Every policy of the registry on a real cache: what it drops is free in the arena, and it works where its window is longer than the cache.
/// </summary>
public sealed class EveryPolicyTests(EveryPolicyTests.CalibratedNeedle needle) : IClassFixture<EveryPolicyTests.CalibratedNeedle>
{
    public static TheoryData<string> Policies => new(CompressionPolicies.All.Select(p => p.Name));

    [Theory]
    [MemberData(nameof(Policies))]
    public void What_it_drops_is_free_in_the_ledger(string policy)
    {
        using Conversation conversation = Read(NeedleFixture.Document);
        LedgerSnapshot before = needle.Ledger();
        CompressionReport report = conversation.Compress(Request(policy, 0.75));
        LedgerSnapshot after = needle.Ledger();
        Assert.True(report.FreedBytes > 0, $"{report.Summary.TotalKept} of {report.Summary.TotalPresent} slots kept");
        Assert.Equal(after.FreeBytes - before.FreeBytes, report.FreedBytes);
        Assert.Equal(PagesOf(conversation.Cache) * conversation.Cache.Geometry.PageBytes, report.BytesAfter);
        Assert.Equal(after.TotalBytes - after.FreeBytes, report.BytesAfter);
        conversation.Append(needle.Question);
        Assert.NotEmpty(NeedleFixture.Run(conversation).Tokens);
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void It_works_on_a_context_shorter_than_its_window(string policy)
    {
        foreach (double ratio in (double[])[0.3, 0.9])
        {
            using Conversation conversation = new(needle.Model);
            conversation.Append(needle.Question.AsMemory(0, 7));
            CompressionReport report = conversation.Compress(Request(policy, ratio));
            Assert.InRange(report.Summary.TotalKept, 1, report.Summary.TotalPresent);
            Assert.InRange(report.BytesAfter, 1, report.BytesBefore);
            conversation.Append(needle.Question.AsMemory(7));
            Assert.NotEmpty(NeedleFixture.Run(conversation).Tokens);
        }
    }

    private static CompressionRequest Request(string policy, double ratio) =>
        new(CompressionPolicies.Parse(policy), RetentionBudget.OfRatio(ratio));

    /// <summary>Pages that the rows of all heads need, keys, values and biases, counted from the heads' lengths.</summary>
    private static long PagesOf(KvCache cache)
    {
        KvGeometry geometry = cache.Geometry;
        long pages = 0;
        for (int i = 0; i < geometry.Layers * geometry.KvHeads; i++)
        {
            (int layer, int head) = (i / geometry.KvHeads, i % geometry.KvHeads);
            int slots = cache.Length(layer, head);
            pages += 2 * ((slots + geometry.PageTokens - 1) / geometry.PageTokens);
            pages += !cache.BiasPages(layer, head).IsEmpty ? geometry.PagesForBiases(slots) : 0;
        }

        return pages;
    }

    private Conversation Read(string document)
    {
        Conversation conversation = new(needle.Model);
        conversation.Append(new ChatFraming(needle.Model).FirstTurn(null, document, NeedleFixture.Question).Context);
        return conversation;
    }

    /// <summary>The bundled model with a short calibration of its own, so that policies that need one have it.</summary>
    public sealed class CalibratedNeedle : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-policies-").FullName;

        public CalibratedNeedle()
        {
            string file = Path.Combine(_folder, "needle.json");
            using (LocalModel bare = NeedleFixture.Open())
            {
                CalibrationFile.Save(file, new Calibrator(bare, new CalibrationSettings { Lengths = [200], Depths = [0.5] }).Run());
            }

            Model = LocalModel.Open(TestPaths.Needle, new LocalModelOptions { CalibrationFile = file, ContextTokens = 4096, Threads = 1 });
            Question = new ChatFraming(Model).FirstTurn(null, NeedleFixture.Document, NeedleFixture.Question).Question;
        }

        public LocalModel Model { get; }

        /// <summary>A question in the model's chat frame.</summary>
        public int[] Question { get; }

        public LedgerSnapshot Ledger() => Model.Backend.Pool.Ledger.Snapshot();

        public void Dispose()
        {
            Model.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
