using System.Diagnostics;
using System.Globalization;
using KVCluster.Benchmarks.BudgetSolve;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Pressure;

// usage: BudgetSolve [sessions = 10000] [layers = 32] [tokens = 256]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int[] numbers = [10_000, 32, 256];
for (int i = 0; i < args.Length; i++)
{
    if (i >= numbers.Length || !int.TryParse(args[i], out numbers[i]) || numbers[i] <= 0)
    {
        Console.Error.WriteLine("usage: BudgetSolve [sessions] [layers] [tokens]");
        return 2;
    }
}

const int Repeat = 9;
Sessions sessions = new(numbers[0], numbers[1], numbers[2]);
Console.WriteLine($"{numbers[0]} sessions x {numbers[1]} layers x {numbers[2]} tokens; {Environment.ProcessorCount} processors, one used; best of {Repeat}");

long target = sessions.TotalBytes * 3 / 10;
ThresholdSolution solved = default;
double solve = Best(() => solved = GlobalThreshold.Solve(sessions.Weighted, target));
long before = GC.GetAllocatedBytesForCurrentThread();
GlobalThreshold.Solve(sessions.Weighted, target);
long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

int[] kept = new int[numbers[1]];
long keptBytes = 0;
double counts = Best(() =>
{
    keptBytes = 0;
    for (int s = 0; s < sessions.Histograms.Length; s++)
    {
        sessions.Histograms[s].KeptPages(solved.Position(sessions.Weighted[s].Weight), kept);
        keptBytes += sessions.Histograms[s].PageBytes - sessions.Histograms[s].Freed(kept);
    }
});

double build = Best(() =>
{
    for (int s = 0; s < 100; s++)
    {
        ScoreHistogram.Of(sessions.Rows[s % sessions.Rows.Length], 32);
    }
}) / 100;

BudgetRow[] rows = sessions.ExactRows();
ThresholdAllocation exact = null!;
Stopwatch once = Stopwatch.StartNew();
exact = ThresholdBudget.Solve(rows, target);
double exactly = once.Elapsed.TotalMilliseconds;

PressureController controller = new();
PressureSnapshot snapshot = sessions.Snapshot(0.9);
PressureDecision decision = null!;
double decide = Best(() => decision = controller.Decide(snapshot, false));

Console.WriteLine($"solve                      {solve,9:F2} ms, {allocated} bytes allocated");
Console.WriteLine($"keep counts of all rows    {counts,9:F2} ms");
Console.WriteLine($"exact solver, same rows    {exactly,9:F2} ms, {exactly / solve:F0} times the solve");
Console.WriteLine($"one session's histogram    {build,9:F3} ms");
Console.WriteLine($"controller's decision      {decide,9:F2} ms, {decision.Acts.Count} acts");
Console.WriteLine($"threshold {solved.Threshold:E4}, exact {exact.Threshold:E4}; kept {(double)keptBytes / target:P2} of the target, exact {(double)exact.Used / target:P2}");
return 0;

static double Best(Action action)
{
    double best = double.MaxValue;
    for (int i = 0; i < Repeat; i++)
    {
        Stopwatch watch = Stopwatch.StartNew();
        action();
        best = Math.Min(best, watch.Elapsed.TotalMilliseconds);
    }

    return best;
}
