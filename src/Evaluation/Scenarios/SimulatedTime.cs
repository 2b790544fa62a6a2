namespace KVCluster.Evaluation.Scenarios;

/// <summary>A clock that jumps from event to event; events of the same instant happen in the order in which they were planned.</summary>
internal sealed class SimulatedTime
{
    private readonly PriorityQueue<Action, (double At, long Number)> _events = new();
    private long _number;

    /// <summary>Seconds since the start.</summary>
    public double Now { get; private set; }

    /// <summary>Plans something; the past is this instant.</summary>
    public void After(double seconds, Action action) => _events.Enqueue(action, (Now + Math.Max(0, seconds), _number++));

    /// <summary>Runs what is planned until a time.</summary>
    public void RunUntil(double end)
    {
        while (_events.TryPeek(out _, out (double At, long Number) next) && next.At <= end)
        {
            Action action = _events.Dequeue();
            Now = next.At;
            action();
        }

        Now = end;
    }
}
