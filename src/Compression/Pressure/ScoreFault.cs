namespace KVCluster.Compression.Pressure;

/// <summary>Why a session's scores cannot be used: it falls back to sinks and recents, and says so.</summary>
/// <param name="Row">The row at fault; -1 where there are no scores at all.</param>
/// <param name="Entry">The rank (or slot) at fault in it.</param>
/// <param name="Value">What stands there.</param>
public sealed record ScoreFault(int Row, int Entry, float Value)
{
    /// <summary>There are no scores.</summary>
    public static ScoreFault Absent { get; } = new(-1, -1, float.NaN);

    /// <inheritdoc/>
    public override string ToString() => Row < 0
        ? "no scores: sinks and recents are kept"
        : $"the score of row {Row}, entry {Entry} is {Value}: sinks and recents are kept";
}
