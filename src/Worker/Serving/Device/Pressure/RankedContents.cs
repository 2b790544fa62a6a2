using KVCluster.Compression.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>What a cache's scores are ranked of, or were.</summary>
/// <param name="Floors">What no cut takes.</param>
/// <param name="Edits">The cache's contents but for tokens that were put behind them.</param>
/// <param name="Tokens">How many tokens the cache stood for.</param>
/// <param name="IsCarried">Whether the scores were made while the session was idle, rather than observed.</param>
internal sealed record RankedContents(SessionFloors Floors, int Edits, int Tokens, bool IsCarried)
{
    /// <summary>A running turn's histogram stands for a cache that has grown by fewer tokens than this.</summary>
    private const int Growth = 64;

    /// <summary>The contents as they are, by the best scores at hand.</summary>
    public static RankedContents Of(DeviceSession session, SessionFloors floors) =>
        new(floors, session.Edits, session.Cached, session.Carried is not null);

    /// <summary>Whether the cache was not cut since, and has not grown, or by little while its turn runs.</summary>
    public bool StandFor(DeviceSession session)
    {
        int grown = session.Cached - Tokens;
        return session.Edits == Edits && grown >= 0 && grown < (session.Turn is { IsRunning: true } ? Growth : 1);
    }
}
