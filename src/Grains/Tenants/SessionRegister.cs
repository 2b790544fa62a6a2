namespace KVCluster.Grains;

/// <summary>Sessions by id.</summary>
internal sealed class SessionRegister
{
    private readonly SortedList<string, SessionSummary> _sessions = new(StringComparer.Ordinal);

    public SessionRegister(TenantPartState state)
    {
        foreach (SessionSummary session in state.Sessions)
        {
            _sessions[session.Session] = session;
        }
    }

    public int Count => _sessions.Count;

    public void Set(SessionSummary session) => _sessions[session.Session] = session;

    public bool Remove(string session) => _sessions.Remove(session);

    public SessionSummary? Find(string session) => _sessions.GetValueOrDefault(session);

    /// <summary>At most <paramref name="count"/> sessions behind <paramref name="after"/>.</summary>
    public SessionSummary[] Page(string? after, int count)
    {
        int start = after is null ? 0 : FirstBehind(after);
        return [.. _sessions.Values.Skip(start).Take(count)];
    }

    public TenantPartState State() => new() { Sessions = [.. _sessions.Values] };

    private int FirstBehind(string after)
    {
        int low = 0;
        for (int high = _sessions.Count; low < high;)
        {
            int middle = (low + high) / 2;
            if (string.CompareOrdinal(_sessions.Keys[middle], after) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
