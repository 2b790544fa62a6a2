namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>When a session's last turn ended, and the pauses between its turns.</summary>
internal sealed class SessionUses
{
    private const int Kept = 8;
    private readonly List<double> _gaps = new(0);

    /// <summary>When the last turn ended, a timestamp; 0: none has.</summary>
    public long LastEnd { get; private set; }

    /// <summary>Pauses in seconds, oldest first.</summary>
    public ReadOnlySpan<double> Gaps => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_gaps);

    /// <summary>A turn has come.</summary>
    public void Begin(TimeProvider time, long now)
    {
        if (LastEnd == 0)
        {
            return;
        }

        if (_gaps.Count == Kept)
        {
            _gaps.RemoveAt(0);
        }

        _gaps.Add(time.GetElapsedTime(LastEnd, now).TotalSeconds);
    }

    /// <summary>A turn has ended.</summary>
    public void End(long now) => LastEnd = now;
}
