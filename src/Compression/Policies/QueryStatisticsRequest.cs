namespace KVCluster.Compression.Policies;

/// <summary>
/// Mean and covariance of each query head's queries over the history, before RoPE, then turned by the mean rotation over the positions to
/// come (ExpectedAttention).
/// </summary>
/// <param name="Skip">The first so many positions do not count: sinks are outliers.</param>
/// <param name="FuturePositions">The rotation is averaged over positions N to N + FuturePositions - 1.</param>
/// <param name="Covariance">Whether the covariance is wanted beside the mean.</param>
public sealed record QueryStatisticsRequest(int Skip, int FuturePositions, bool Covariance);
