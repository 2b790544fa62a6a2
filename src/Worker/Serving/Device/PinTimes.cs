namespace KVCluster.Worker.Serving.Device;

/// <summary>When pins run out: that makes room, and nothing but the clock tells of it.</summary>
internal sealed class PinTimes(DeviceParts parts)
{
    // A timestamp no later than the end of the next pin to run out; 0: none is known.
    private long _next;

    /// <summary>Time until a pin may have run out; null where there is none.</summary>
    public TimeSpan? Next => _next == 0 ? null : parts.Options.Time.GetElapsedTime(parts.Now, _next);

    /// <summary>A session is pinned until then.</summary>
    public void Note(long until) => _next = _next == 0 ? until : Math.Min(_next, until);

    /// <summary>A look: what could not be had before may be had once a pin has run out.</summary>
    public void Look()
    {
        long now = parts.Now;
        if (_next == 0 || now < _next)
        {
            return;
        }

        _next = 0;
        foreach (DeviceSession session in parts.Sessions.Values)
        {
            if (session.PinnedUntil > now)
            {
                Note(session.PinnedUntil);
            }
        }

        parts.Counts.Changes++;
    }
}
