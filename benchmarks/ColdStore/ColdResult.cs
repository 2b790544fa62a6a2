namespace KVCluster.Benchmarks.ColdStore;

/// <summary>Best times of saving and loading one copy.</summary>
/// <param name="Rows">Bytes of rows as the arena has them.</param>
/// <param name="StoredBytes">Bytes in the store.</param>
/// <param name="SaveSeconds">From call to published copy.</param>
/// <param name="LoadSeconds">From call to filled, verified cache.</param>
internal sealed record ColdResult(long Rows, long StoredBytes, double SaveSeconds, double LoadSeconds);
