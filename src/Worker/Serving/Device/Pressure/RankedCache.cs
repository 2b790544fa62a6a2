using KVCluster.Compression.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>The scores of a session's cache by bin.</summary>
/// <param name="Histogram">The bins.</param>
/// <param name="Floors">What no cut takes, as it was made.</param>
/// <param name="Version">The cache's contents it was made of.</param>
/// <param name="Tokens">How many tokens the cache stood for.</param>
internal sealed record RankedCache(ScoreHistogram Histogram, SessionFloors Floors, int Version, int Tokens);
