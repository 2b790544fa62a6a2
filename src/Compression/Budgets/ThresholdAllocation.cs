namespace KVCluster.Compression.Budgets;

/// <summary>How a budget was shared out over rows.</summary>
/// <param name="Counts">Entries kept of each row, its best ones.</param>
/// <param name="Threshold">The smallest value taken beyond the floors; null where only the floors stay.</param>
/// <param name="Used">What the kept entries cost.</param>
/// <param name="Feasible">False where the floors alone exceed the target; they stay.</param>
public sealed record ThresholdAllocation(int[] Counts, double? Threshold, long Used, bool Feasible);
