using KVCluster.Compression.Pressure.Leases;

namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>One node: every change of its bytes goes through here, and none may take it above its limit.</summary>
internal sealed class SimulatedNode(int index, long capacity)
{
    public int Index { get; } = index;

    public string Name { get; } = index.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public List<SimulatedSession> Sessions { get; } = [];

    public Queue<SimulatedSession> Waiting { get; set; } = new();

    public HeldLease Lease { get; set; } = new(index.ToString(System.Globalization.CultureInfo.InvariantCulture), capacity);

    public long Limit => Lease.LimitBytes;

    public long Used { get; private set; }

    public bool IsPressing { get; set; }

    public long MostUsed { get; private set; }

    /// <summary>What the plain policies make room for at once, as the controller does.</summary>
    public long CountedWaiting => Waiting.TryPeek(out SimulatedSession? first)
        ? Math.Min(WaitingBytes, Math.Max(first.Whole.PageBytes, (long)(0.15 * Limit)))
        : 0;

    public long WaitingBytes => Waiting.Sum(s => s.Whole.PageBytes);

    public void Restore(SimulatedSession session)
    {
        session.Restore();
        Take(session.Bytes);
    }

    public void Leave(SimulatedSession session)
    {
        Used -= session.Bytes;
        session.Leave();
    }

    public void Cut(SimulatedSession session, int[] kept)
    {
        Used -= session.Bytes;
        session.Cut(kept);
        Take(session.Bytes);
    }

    public void NewDocument(SimulatedSession session, int shape)
    {
        Used -= session.Bytes;
        session.NewDocument(shape);
    }

    /// <summary>The target takes the bytes before the source gives them up.</summary>
    public void MoveTo(SimulatedNode target, SimulatedSession session)
    {
        target.Take(session.Bytes);
        Used -= session.Bytes;
        Sessions.Remove(session);
        target.Sessions.Add(session);
    }

    private void Take(long bytes)
    {
        Used += bytes;
        MostUsed = Math.Max(MostUsed, Used);
        if (Used > Limit)
        {
            throw new InvalidOperationException($"node {Name} holds {Used} of {Limit} bytes");
        }
    }
}
