using KVCluster.Compression.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>The scores of a session's cache, made ready for a cut.</summary>
/// <param name="Histogram">By bin.</param>
/// <param name="Ranking">The scores themselves, ranked; null where the histogram alone is known, by what a cut left of it.</param>
/// <param name="Contents">What they were made of.</param>
internal sealed record RankedCache(ScoreHistogram Histogram, SessionRanking? Ranking, RankedContents Contents);
