using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>The last events, and totals of all. Written by the device's thread, read by any.</summary>
internal sealed class PressureLog(TimeProvider time)
{
    /// <summary>Events remembered.</summary>
    public const int Kept = 1024;

    private readonly Lock _gate = new();
    private readonly Queue<ReliefEvent> _events = new();
    private readonly Dictionary<(ReliefKind Kind, string Cause), ReliefTotal> _totals = [];
    private long _last;

    /// <summary>Takes an event in; its number and time are set here.</summary>
    public void Add(ReliefEvent happened)
    {
        lock (_gate)
        {
            _events.Enqueue(happened with { Number = ++_last, At = time.GetUtcNow() });
            if (_events.Count > Kept)
            {
                _events.Dequeue();
            }

            (ReliefKind, string) key = (happened.Kind, happened.Cause);
            ReliefTotal total = _totals.GetValueOrDefault(key);
            _totals[key] = new ReliefTotal(
                happened.Kind, happened.Cause, total.Count + 1, total.FreedBytes + happened.FreedBytes,
                total.DroppedMass + (happened.DroppedMass ?? 0));
        }
    }

    /// <summary>All events of a kind, whatever their cause.</summary>
    public ReliefTotal Total(ReliefKind kind)
    {
        lock (_gate)
        {
            ReliefTotal sum = new(kind, "", 0, 0, 0);
            foreach (ReliefTotal part in _totals.Values)
            {
                sum = part.Kind == kind
                    ? new ReliefTotal(kind, "", sum.Count + part.Count, sum.FreedBytes + part.FreedBytes, sum.DroppedMass + part.DroppedMass)
                    : sum;
            }

            return sum;
        }
    }

    /// <summary>Events above a number, oldest first, and all totals.</summary>
    public (ReliefEvent[] Events, ReliefTotal[] Totals) Read(long after)
    {
        lock (_gate)
        {
            return (
                [.. _events.Where(e => e.Number > after)],
                [.. _totals.Values.OrderBy(t => t.Kind).ThenBy(t => t.Cause, StringComparer.Ordinal)]);
        }
    }
}
