namespace KVCluster.Compression.Budgets;

/// <summary>
/// One row that competes for a budget: the composites of one layer of one session, or the slots of one head, best first. Of a row always a
/// prefix is kept.
/// </summary>
public sealed class BudgetRow
{
    private readonly ReadOnlyMemory<float> _scores;
    private readonly int[]? _headLengths;

    /// <summary>A row of scores, not increasing, every entry at the same cost.</summary>
    /// <param name="scores">Scores by rank; none may be NaN.</param>
    /// <param name="cost">What one entry takes of the budget: bytes or slots.</param>
    /// <param name="floor">The first so many entries stay whatever happens.</param>
    /// <param name="weight">Values compared between rows are (double)weight * (double)score; finite, not negative.</param>
    public BudgetRow(ReadOnlyMemory<float> scores, long cost, int floor = 0, double weight = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cost);
        ArgumentOutOfRangeException.ThrowIfNegative(floor);
        if (!double.IsFinite(weight) || weight < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(weight), weight, "a weight is finite and not negative");
        }

        CheckOrder(scores.Span);
        _scores = scores;
        EntryCost = cost;
        Floor = Math.Min(floor, scores.Length);
        Weight = weight;
    }

    /// <summary>
    /// The composites of a layer whose heads have different lengths: an entry costs <paramref name="cost"/> for each head that reaches its
    /// rank.
    /// </summary>
    public BudgetRow(ReadOnlyMemory<float> scores, long cost, int floor, int[] headLengths)
        : this(scores, cost, floor)
    {
        ArgumentNullException.ThrowIfNull(headLengths);
        _headLengths = headLengths;
    }

    /// <summary>Entries of the row.</summary>
    public int Length => _scores.Length;

    /// <summary>The first so many entries always stay.</summary>
    public int Floor { get; }

    /// <summary>The session's weight.</summary>
    public double Weight { get; }

    private long EntryCost { get; }

    /// <summary>What the entry at a rank is worth.</summary>
    public double Value(int rank) => Worth(_scores.Span[rank]);

    /// <summary>What the first <paramref name="count"/> entries cost.</summary>
    public long Cost(int count)
    {
        if (_headLengths is null)
        {
            return EntryCost * count;
        }

        long entries = 0;
        foreach (int length in _headLengths)
        {
            entries += Math.Min(count, length);
        }

        return EntryCost * entries;
    }

    /// <summary>How many entries are worth at least <paramref name="threshold"/>.</summary>
    public int CountAtLeast(double threshold)
    {
        ReadOnlySpan<float> scores = _scores.Span;
        int low = 0;
        int high = scores.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = Worth(scores[middle]) >= threshold ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>The row cut to its floor, nothing of it protected.</summary>
    internal BudgetRow FloorOnly() => _headLengths is null
        ? new BudgetRow(_scores[..Floor], EntryCost, 0, Weight)
        : new BudgetRow(_scores[..Floor], EntryCost, 0, _headLengths);

    // Protected entries score infinity, which a weight of 0 would turn into NaN.
    private double Worth(float score) => Weight == 0 ? 0 : Weight * score;

    private static void CheckOrder(ReadOnlySpan<float> scores)
    {
        float previous = float.PositiveInfinity;
        for (int rank = 0; rank < scores.Length; rank++)
        {
            if (!(scores[rank] <= previous))
            {
                throw new ArgumentException(
                    $"score {scores[rank]} at rank {rank} follows {previous}: rows must not increase", nameof(scores));
            }

            previous = scores[rank];
        }
    }
}
