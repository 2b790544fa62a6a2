using KVCluster.Compression.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>The scores of a session's cache, made ready for a cut.</summary>
/// <param name="Histogram">By bin.</param>
/// <param name="Floors">What no cut takes, as it was made.</param>
/// <param name="Version">The cache's contents it was made of.</param>
/// <param name="Edits">The cache's contents but for tokens that were put behind them.</param>
/// <param name="Tokens">How many tokens the cache stood for.</param>
/// <param name="Ranking">The scores themselves, ranked; null where the histogram alone is known, by what a cut left of it.</param>
/// <param name="IsCarried">Whether the scores were made while the session was idle, rather than observed.</param>
internal sealed record RankedCache(
    ScoreHistogram Histogram, SessionFloors Floors, int Version, int Edits, int Tokens, SessionRanking? Ranking, bool IsCarried);

/// <summary>A cache's scores that are being ranked on another thread.</summary>
/// <param name="Floors">What no cut takes.</param>
/// <param name="Edits">The cache's contents but for tokens that were put behind them.</param>
/// <param name="Tokens">How many tokens the cache stands for.</param>
/// <param name="IsCarried">Whether the scores were made while the session was idle.</param>
internal sealed record RankingUnderWay(SessionFloors Floors, int Edits, int Tokens, bool IsCarried);
