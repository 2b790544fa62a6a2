using System.Globalization;
using KVCluster.Evaluation.Running;
using KVCluster.Inference.Kv;
using KVCluster.TestSupport;
using KVCluster.Worker;
using Xunit.Abstractions;

namespace KVCluster.Evaluation.Tests.Goldens;

/// <summary>
/// The same scores as the Python reference on the recorded samples, for at least 95 % of sample x policy x ratio. By default an even share
/// of the samples; KVCLUSTER_ALL_SAMPLES=1 takes all of them (half an hour).
/// </summary>
[Trait("Category", "Goldens")]
public sealed class RecordedScoresTests(ITestOutputHelper output)
{
    private const double LeastAgreement = 0.95;

    [GoldenFact("needle")]
    public void The_needle_model_scores_as_recorded() => Compare("needle", TestPaths.Needle, share: 12);

    [GoldenFact("smollm2", needsSmolLm2: true)]
    public void SmolLM2_scores_as_recorded() => Compare("smollm2", TestPaths.SmolLm2!, share: 2);

    private void Compare(string family, string modelPath, int share)
    {
        List<RecordedSample> samples = Share(RecordedSample.Find(family), share);
        if (samples.Count == 0)
        {
            return;
        }

        int longest = samples.Max(s => s.Sample.Length);
        LocalModelOptions options = new() { KvType = KvElementType.F32, ContextTokens = EvaluationRunner.ArenaTokens(longest) };
        using LocalModel model = LocalModel.Open(modelPath, options);
        Agreement agreement = new();
        foreach (RecordedSample recorded in samples)
        {
            Measure(model, recorded, agreement);
        }

        output.WriteLine(agreement.ToString());
        Assert.True(agreement.Compared > 0, "no recorded press has a policy here");
        Assert.True(agreement.Share >= LeastAgreement, agreement.ToString());
        Assert.True(agreement.KeptDiffers == 0, agreement.ToString());
    }

    private static void Measure(LocalModel model, RecordedSample recorded, Agreement agreement)
    {
        var policies = recorded.Rows.Select(r => r.Press).Distinct().ToDictionary(p => p, RecordedPresses.Find);
        EvaluationSettings settings = new()
        {
            Policies = [.. policies.Values.OfType<PolicyUnderTest>()],
            Ratios = [.. recorded.Rows.Select(r => r.Ratio).Where(r => r > 0).Distinct()],
        };
        using OutcomeLog log = new();
        new EvaluationRunner(model, settings).Run([recorded.Sample], log);
        foreach (RecordedRow row in recorded.Rows)
        {
            string policy = policies[row.Press]?.Specification ?? PolicyUnderTest.WholeCache;
            if (policies[row.Press] is null && row.Press != PolicyUnderTest.WholeCache)
            {
                agreement.Skip(row.Press);
                continue;
            }

            if (!RecordedPresses.IsFaithful(row.Press, row.Ratio, settings.Ratios.Max()))
            {
                agreement.Skip($"{row.Press} at {row.Ratio.ToString(CultureInfo.InvariantCulture)}");
                continue;
            }

            agreement.Add(row, log.Find(recorded.Sample.Id, settings.Protocol, policy, row.Ratio)!);
        }
    }

    /// <summary>Every k-th sample at each length of each task, the same each time.</summary>
    private static List<RecordedSample> Share(List<RecordedSample> samples, int most) =>
        Environment.GetEnvironmentVariable("KVCLUSTER_ALL_SAMPLES") == "1" || samples.Count <= most
            ? samples
            : [.. Enumerable.Range(0, most).Select(i => samples[(int)((long)i * samples.Count / most)])];

    /// <summary>Counts over all rows, for the assertion and its message.</summary>
    private sealed class Agreement
    {
        private readonly SortedDictionary<string, (int Same, int All)> _presses = [];
        private readonly SortedDictionary<string, int> _skipped = [];
        private readonly List<string> _different = [];

        public int Compared { get; private set; }

        public int KeptDiffers { get; private set; }

        public double Share => (double)_presses.Values.Sum(p => p.Same) / Compared;

        public void Skip(string press) => _skipped[press] = _skipped.GetValueOrDefault(press) + 1;

        public void Add(RecordedRow row, Outcome outcome)
        {
            Compared++;
            bool same = Math.Abs(row.Score - outcome.Score) < 1e-9;
            (int before, int all) = _presses.GetValueOrDefault(row.Press);
            _presses[row.Press] = (before + (same ? 1 : 0), all + 1);
            string place = string.Create(CultureInfo.InvariantCulture, $"{outcome.Task} {outcome.Length} #{outcome.Index} {row.Press} {row.Ratio}");
            if (!same)
            {
                _different.Add($"{place}: recorded '{row.Answer}', here '{outcome.Answers[0]}'");
            }

            int layers = outcome.Kept.Count / outcome.KvHeads;
            if (Math.Abs(row.Kept - outcome.TotalKept) > RecordedPresses.KeptTolerance(row.Press, layers))
            {
                KeptDiffers++;
                _different.Add($"{place}: kept {row.Kept} as recorded, {outcome.TotalKept} here");
            }
        }

        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"{_presses.Values.Sum(p => p.Same)} of {Compared} scores as recorded ({Share:P1})\n")
            + string.Join('\n', _presses.Select(p => $"  {p.Key}: {p.Value.Same} of {p.Value.All}"))
            + "\nskipped: " + string.Join(", ", _skipped.Select(s => $"{s.Key} {s.Value}"))
            + "\n" + string.Join('\n', _different);
    }
}
