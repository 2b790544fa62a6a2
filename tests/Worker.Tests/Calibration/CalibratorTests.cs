using System.Text.Json;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.TestSupport;
using KVCluster.Worker.Calibration;

namespace KVCluster.Worker.Tests.Calibration;

public sealed class CalibratorTests(NeedleFixture needle) : IClassFixture<NeedleFixture>
{
    private static readonly CalibrationSettings _short = new() { Lengths = [200, 320], Depths = [0.3, 0.7] };

    [Fact]
    public void The_bundled_models_retrieval_heads_are_found()
    {
        LedgerSnapshot before = needle.Ledger();
        List<double> progress = [];
        ModelCalibration found = new Calibrator(needle.Model, _short).Run(progress.Add);
        Assert.Equal(before, needle.Ledger());
        Assert.Equal(progress.Order(), progress);
        Assert.Equal(1, progress[^1]);
        Assert.Equal(4, found.Runs.Count);
        Assert.All(found.Runs, run => Assert.True(run.Answered));
        Assert.Equal([true, true, false, false], found.Runs.Select(run => run.Tokens <= 200));
        Assert.All(found.Runs, run => Assert.InRange(run.Tokens, run.Tokens <= 200 ? 180 : 300, 320));

        // Its training began near an induction circuit: some head must copy, and it does not echo.
        Assert.True(found.InductionScores.Max(layer => layer.Max()) > 0.5);
        Assert.True(found.EchoScores.Max(layer => layer.Max()) < 0.5);
        Assert.Equal(1, found.LayerErrors.Sum(), 1e-5);
        for (int layer = 0; layer < found.Model.Layers; layer++)
        {
            float[] scores = found.SemanticRetrievalScores[layer];
            Assert.Equal(found.Settings.HeadsPerLayer, found.SemanticRetrievalHeads[layer].Length);
            Assert.Equal(scores.OrderDescending().Take(found.Settings.HeadsPerLayer), found.SemanticRetrievalHeads[layer].Select(h => scores[h]));
        }

        // The first layer's queries know nothing but their own token; some later head must look at the answer it copies.
        float[] best = [.. found.RetrievalScores.Select(layer => layer.Max())];
        Assert.True(best[0] < 0.05 && best[1..].Max() > 0.4, string.Join(' ', best));
    }

    [Fact]
    public void The_same_seed_gives_the_same_calibration_and_another_another()
    {
        CalibrationSettings settings = _short with { Lengths = [200], Depths = [0.5] };
        string first = JsonSerializer.Serialize(new Calibrator(needle.Model, settings).Run());
        Assert.Equal(first, JsonSerializer.Serialize(new Calibrator(needle.Model, settings).Run()));
        ModelCalibration other = new Calibrator(needle.Model, settings with { Seed = 2 }).Run();
        Assert.NotEqual(first, JsonSerializer.Serialize(other with { Settings = settings }));
    }

    [Theory]
    [InlineData("compresskv")]
    [InlineData("duo-attention:sinks=4,recents=16")]
    [InlineData("razor-attention")]
    [InlineData("layer-budgets:kind=error")]
    public void Policies_take_their_heads_from_the_file(string policy)
    {
        string folder = Directory.CreateTempSubdirectory("kvcluster-calibrator").FullName;
        try
        {
            string file = Path.Combine(folder, "needle.json");
            CalibrationFile.Save(file, new Calibrator(needle.Model, _short).Run());
            using LocalModel model = LocalModel.Open(TestPaths.Needle, new LocalModelOptions { CalibrationFile = file, ContextTokens = 2048 });
            using Conversation conversation = new(model);
            conversation.Append(needle.Framing.FirstTurn(null, NeedleFixture.Document, NeedleFixture.Question).Context);
            CompressionReport report = conversation.Compress(new CompressionRequest(CompressionPolicies.Parse(policy), RetentionBudget.OfRatio(0.5)));
            Assert.InRange((double)report.Summary.TotalKept / report.Summary.TotalPresent, 0.4, 0.5);
            Assert.True(report.BytesAfter < report.BytesBefore);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_missing_or_foreign_file_fails_only_policies_that_need_it()
    {
        string absent = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        using LocalModel model = LocalModel.Open(TestPaths.Needle, new LocalModelOptions { CalibrationFile = absent, ContextTokens = 2048 });
        using Conversation conversation = new(model);
        conversation.Append(needle.Framing.FirstTurn(null, NeedleFixture.Document, NeedleFixture.Question).Context);
        conversation.Compress(Half("knorm"));
        InputException e = Assert.Throws<InputException>(() => conversation.Compress(Half("compresskv")));
        Assert.Contains(absent, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_answers_no_needle_cannot_be_calibrated()
    {
        LedgerSnapshot before = needle.Ledger();

        // One token is no answer.
        Calibrator calibrator = new(needle.Model, _short with { AnswerTokens = 1 });
        InputException e = Assert.Throws<InputException>(() => calibrator.Run());
        Assert.Contains("none of the 4 needles", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, needle.Ledger());
    }

    [Fact]
    public void Cancelled_it_leaves_nothing_behind()
    {
        LedgerSnapshot before = needle.Ledger();
        foreach (double share in (double[])[0.1, 0.4, 0.8])
        {
            using CancellationTokenSource source = new();
            Assert.Throws<OperationCanceledException>(() => new Calibrator(needle.Model, _short).Run(
                done =>
                {
                    if (done >= share)
                    {
                        source.Cancel();
                    }
                },
                source.Token));
            Assert.Equal(before, needle.Ledger());
        }
    }

    [Fact]
    public void Settings_out_of_range_are_named()
    {
        Refused(_short with { Lengths = [needle.Model.Config.ContextLength] }, $"{needle.Model.Config.ContextLength}");
        Refused(_short with { Lengths = [] }, "lengths");
        Refused(_short with { Lengths = [100] }, "128");
        Refused(_short with { Lengths = [200, 200] }, "different");
        Refused(_short with { Depths = [] }, "depths");
        Refused(_short with { Depths = [1.5] }, "depths");
        Refused(_short with { HeadsPerLayer = 0 }, "heads");
        Refused(_short with { RandomQueries = 1000 }, "random queries");

        void Refused(CalibrationSettings settings, string mentioned) => Assert.Contains(
            mentioned, Assert.Throws<InputException>(() => new Calibrator(needle.Model, settings)).Message, StringComparison.Ordinal);
    }

    private static CompressionRequest Half(string policy) => new(CompressionPolicies.Parse(policy), RetentionBudget.OfRatio(0.5));
}
