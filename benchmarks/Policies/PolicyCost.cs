using System.Diagnostics;
using System.Globalization;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Worker;

namespace KVCluster.Benchmarks.Policies;

/// <summary>
/// Prefills one context (without observation, and with it), then compresses forks of it by each policy: seconds of scoring, planning and
/// applying as shares of the prefill, interleaved so that noise hits all alike, best of the repetitions.
/// </summary>
internal static class PolicyCost
{
    private static readonly string[] Wrapped = ["layer-budgets", "chunkkv", "adakv", "criticalkv", "critical-adakv", "rerotate"];

    public static void Run(string path, int tokens, double ratio, int threads, int repeat, string[] names)
    {
        using LocalModel model = LocalModel.Open(path, new LocalModelOptions { ContextTokens = 2 * tokens, Threads = threads });
        int[] ids = Enumerable.Range(0, tokens).Select(i => 3 + (i * 7919 % 1500)).ToArray();
        string[] specifications = names.Length > 0 ? names : Default();
        var costs = specifications.ToDictionary(s => s, _ => new Cost());
        double prefill = double.PositiveInfinity;
        double observed = double.PositiveInfinity;
        for (int i = 0; i < repeat; i++)
        {
            using (Conversation plain = Prefill(model, ids, null, ref prefill))
            {
                foreach (string specification in specifications.Where(s => !Observes(s)))
                {
                    costs[specification].Take(Compress(plain, specification, ratio));
                }
            }

            using Conversation observing = Prefill(model, ids, new ObservationOptions(), ref observed);
            foreach (string specification in specifications.Where(Observes))
            {
                costs[specification].Take(Compress(observing, specification, ratio));
            }
        }

        Print(tokens, prefill, observed, costs, model);
    }

    private static string[] Default() =>
    [
        .. CompressionPolicies.All.Select(d => d.Name).Where(name => !Wrapped.Contains(name) && !NeedsCalibration(name)),
        "kvcompose:scores=observed",
        "kvcompose:stages=2",
        .. Wrapped.Where(w => w != "rerotate").Select(w => $"{w}:base=snapkv"),
    ];

    private static bool NeedsCalibration(string name) => CompressionPolicies.Parse(name).Request.Calibration;

    private static bool Observes(string specification) =>
        CompressionPolicies.Parse(specification).Request.Attention?.Source == AttentionSource.Observed;

    private static Conversation Prefill(LocalModel model, int[] ids, ObservationOptions? observe, ref double best)
    {
        var conversation = new Conversation(model, new ConversationOptions { Observe = observe });
        long start = Stopwatch.GetTimestamp();
        conversation.Append(ids);
        best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return conversation;
    }

    private static CompressionReport Compress(Conversation whole, string specification, double ratio)
    {
        using Conversation fork = whole.Fork();
        return fork.Compress(new CompressionRequest(CompressionPolicies.Parse(specification), RetentionBudget.OfRatio(ratio)));
    }

    private static void Print(int tokens, double prefill, double observed, Dictionary<string, Cost> costs, LocalModel model)
    {
        double rate = tokens / prefill;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Prefill of {tokens} tokens: {prefill:f2} s ({rate:f0} tokens/s); with attention observed {(observed / prefill) - 1:+0.0 %;-0.0 %}."));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Observed scores take 2 bytes a slot and head: {2.0 * 100 * model.Backend.Pool.Geometry.Heads / model.Backend.Pool.Geometry.BytesPerToken:f2} % of the cache."));
        Console.WriteLine();
        Console.WriteLine("| policy | scoring | planning | applying | working memory |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        foreach ((string name, Cost cost) in costs)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {100 * cost.Scoring / prefill:f1} % | {100 * cost.Plan / prefill:f2} % | {100 * cost.Apply / prefill:f2} % | {cost.Bytes / 1048576.0:f1} MiB |"));
        }
    }

    private sealed class Cost
    {
        public double Scoring { get; private set; } = double.PositiveInfinity;

        public double Plan { get; private set; } = double.PositiveInfinity;

        public double Apply { get; private set; } = double.PositiveInfinity;

        public long Bytes { get; private set; }

        public void Take(CompressionReport report)
        {
            Scoring = Math.Min(Scoring, report.ScoringSeconds);
            Plan = Math.Min(Plan, report.PlanSeconds);
            Apply = Math.Min(Apply, report.ApplySeconds);
            Bytes = Math.Max(Bytes, report.ScoringBytes);
        }
    }
}
