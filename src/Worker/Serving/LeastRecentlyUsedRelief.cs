namespace KVCluster.Worker.Serving;

/// <summary>What was used longest ago goes first.</summary>
public sealed class LeastRecentlyUsedRelief : IPressureRelief
{
    /// <inheritdoc/>
    public IEnumerable<SessionKey> Choose(PressureState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Idle.OrderBy(cache => cache.LastUse).Select(cache => cache.Session);
    }
}
