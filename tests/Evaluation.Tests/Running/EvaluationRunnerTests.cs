using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Samples;
using KVCluster.Evaluation.Tasks;
using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Worker;

namespace KVCluster.Evaluation.Tests.Running;

[Collection(NeedleGroup.Name)]
public sealed class EvaluationRunnerTests(NeedleFixture needle)
{
    private static readonly EvaluationSettings s_settings = new()
    {
        Policies = [PolicyUnderTest.Parse("kvcompose"), PolicyUnderTest.Parse("kvcompose-unstructured"), PolicyUnderTest.Parse("streaming-llm")],
        Ratios = [0.5, 0.9],
    };

    [Fact]
    public void Outcomes_are_the_workers_own()
    {
        Sample sample = Make("needle-single");
        using OutcomeLog log = new();
        IReadOnlyList<Outcome> outcomes = new EvaluationRunner(needle.Model, s_settings).Run([sample], log);
        Assert.Equal(s_settings.OutcomesPerSample, outcomes.Count);

        SamplePrompts prompts = new(needle.Model, new ChatFraming(needle.Model), sample, EvaluationProtocol.KvPress);
        foreach (Outcome outcome in outcomes)
        {
            using Conversation conversation = new(needle.Model);
            conversation.Append(prompts.Context.ToArray());
            Assert.Equal(conversation.Cache.Bytes, outcome.WholeBytes);
            if (outcome.Policy != PolicyUnderTest.WholeCache)
            {
                PolicyUnderTest policy = PolicyUnderTest.Parse(outcome.Policy);
                conversation.Compress(new CompressionRequest(policy.Policy, Compression.Budgets.RetentionBudget.OfRatio(outcome.Ratio)));
            }

            KvCache cache = conversation.Cache;
            Assert.Equal(cache.Bytes, outcome.Bytes);
            Assert.Equal(outcome.Kept, Enumerable.Range(0, cache.Geometry.Heads).Select(i => cache.Length(i / cache.Geometry.KvHeads, i % cache.Geometry.KvHeads)));
            conversation.Append(prompts.Question(0, lastTurnEnded: false));
            string answer = string.Concat(conversation.Generate(new() { MaxTokens = sample.Questions[0].MaxNewTokens }).Select(p => p.Text));
            Assert.Equal(answer, Assert.Single(outcome.Answers));
            Assert.Equal(AnswerScore.Of(answer, sample.Questions[0].Expected), outcome.Score);
        }

        Assert.Equal(1, outcomes[0].Score);
        Assert.True(outcomes[^1].Bytes < outcomes[0].Bytes / 4);
    }

    [Fact]
    public void Nothing_stays_allocated()
    {
        using OutcomeLog log = new();
        new EvaluationRunner(needle.Model, s_settings).Run([Make("needle-multikey")], log);
        LedgerSnapshot ledger = needle.Model.Backend.Pool.Ledger.Snapshot();
        Assert.Equal(ledger.TotalPages, ledger.FreePages);
    }

    [Fact]
    public void A_second_start_measures_only_what_is_missing()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("log.jsonl");
        Sample[] samples = [Make("needle-single"), Make("needle-multikey")];
        OutcomeHeader header = OutcomeHeader.Of(needle.Model);
        EvaluationRunner runner = new(needle.Model, s_settings);
        using CancellationTokenSource source = new();
        int measured = 0;
        using (OutcomeLog log = OutcomeLog.Open(path, header))
        {
            // Stopped in the middle of the second sample.
            Assert.ThrowsAny<OperationCanceledException>(() => runner.Run(
                samples,
                log,
                share =>
                {
                    measured = (int)Math.Round(share * samples.Length * s_settings.OutcomesPerSample);
                    if (measured == s_settings.OutcomesPerSample + 2)
                    {
                        source.Cancel();
                    }
                },
                source.Token));
        }

        string before = File.ReadAllText(path);
        using OutcomeLog again = OutcomeLog.Open(path, header);
        Assert.Equal(s_settings.OutcomesPerSample + 2, again.Count);
        List<double> shares = [];
        IReadOnlyList<Outcome> resumed = runner.Run(samples, again, shares.Add);
        Assert.Equal((double)measured / (samples.Length * s_settings.OutcomesPerSample), shares[0], 12);
        Assert.Equal(1, shares[^1]);
        again.Dispose();
        Assert.StartsWith(before, File.ReadAllText(path), StringComparison.Ordinal);

        using OutcomeLog fresh = new();
        IReadOnlyList<Outcome> whole = runner.Run(samples, fresh);
        Assert.Equal(whole.Select(Essence), resumed.Select(Essence));
        string done = File.ReadAllText(path);
        using OutcomeLog third = OutcomeLog.Open(path, header);
        runner.Run(samples, third);
        third.Dispose();
        Assert.Equal(done, File.ReadAllText(path));
    }

    [Fact]
    public void Several_questions_are_asked_of_one_compressed_cache()
    {
        Sample sample = Make("needle-turns", EvaluationProtocol.MultiTurn);
        using OutcomeLog log = new();
        IReadOnlyList<Outcome> outcomes = new EvaluationRunner(needle.Model, s_settings with { Protocol = EvaluationProtocol.MultiTurn }).Run([sample], log);
        Assert.All(outcomes, o => Assert.Equal(sample.Questions.Count, o.Answers.Count));
        Assert.Equal(1, outcomes[0].Score);
        Assert.Equal(outcomes[0].Answers.Count, outcomes[0].Answers.Distinct().Count());

        // The same questions, each alone.
        outcomes = new EvaluationRunner(needle.Model, s_settings).Run([sample], log);
        Assert.Equal(1, outcomes[0].Score);
    }

    [Fact]
    public void Policies_that_observe_share_the_sample_with_those_that_do_not()
    {
        EvaluationSettings settings = s_settings with
        {
            Policies = [PolicyUnderTest.Parse("streaming-llm"), PolicyUnderTest.Parse("kvcompose:scores=observed"), PolicyUnderTest.Parse("kvcompose:scores=observed,aggregation=mean")],
            Ratios = [0.5],
        };
        using OutcomeLog log = new();
        IReadOnlyList<Outcome> outcomes = new EvaluationRunner(needle.Model, settings).Run([Make("needle-single")], log);
        Assert.Equal(4, outcomes.Count);
        Assert.NotEqual(outcomes[2].Kept, outcomes[3].Kept);
    }

    [Theory]
    [InlineData(12, "the model's context is 4096")]
    [InlineData(6, "the KV arena has room for")]
    public void A_sample_that_does_not_fit_is_refused_before_anything_runs(int times, string fault)
    {
        Sample sample = Make("needle-single");
        string context = string.Join(' ', Enumerable.Repeat(sample.Context, times));
        Sample large = new("large", 6000, 0, context, sample.Questions);
        using OutcomeLog log = new();
        string message = Assert.Throws<InputException>(() => new EvaluationRunner(needle.Model, s_settings).Run([sample, large], log)).Message;
        Assert.Contains("of large", message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
        Assert.Equal(0, log.Count);
    }

    private static (string, string, double, double, string, long, string) Essence(Outcome o) =>
        (o.Sample, o.Policy, o.Ratio, o.Score, string.Join('|', o.Answers), o.Bytes, string.Join(',', o.Kept));

    private Sample Make(string task, EvaluationProtocol protocol = EvaluationProtocol.KvPress) =>
        new SampleMaker(needle.Model, 3, protocol).Make(EvaluationTasks.Find(task), 512, 0);
}
