using System.Diagnostics;
using KVCluster.Engine.Embedded;
using KVCluster.Worker.Serving;

namespace KVCluster.Silo.Simulating;

/// <summary>
/// Waits, in real time, until nothing goes on without the clock: no grain runs, every device's thread sleeps or is within a step, transfers
/// wait for the clock, and each client's call is a turn on a device.
/// </summary>
internal sealed class Settling(EmbeddedCluster cluster, SimulatedArrivals arrivals, IReadOnlyList<SimulatedNode> nodes)
{
    // What waits for the clock in a way not known of here must not stop it for good; a machine with much else to do takes seconds over a start.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    /// <summary>How often patience ended.</summary>
    public int Unsettled { get; private set; }

    /// <summary>Waits; true.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public bool Settle(CancellationToken cancellationToken)
    {
        long start = 0;
        SpinWait spin = default;
        while (!IsQuiet())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (arrivals.Fault is { } fault)
            {
                throw new InvalidOperationException($"a client's call failed as none should: {fault.Message}", fault);
            }

            if (spin.NextSpinWillYield)
            {
                start = start == 0 ? Stopwatch.GetTimestamp() : start;
                if (Stopwatch.GetElapsedTime(start) > s_patience)
                {
                    Unsettled++;
                    return true;
                }
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return true;
    }

    // A session whose cache is being saved, to leave with it, keeps its client waiting too.
    private bool IsHeld(SessionKey session) => nodes.Any(node => node.Holds(session));

    private bool IsQuiet()
    {
        EmbeddedActivity before = cluster.Activity;
        if (before.Busy > 0)
        {
            return false;
        }

        long begun = 0;
        int held = 0;
        int calls = 0;
        bool isMoving = false;
        foreach (SimulatedNode node in nodes)
        {
            if (!node.IsQuiet())
            {
                return false;
            }

            begun += node.CallsBegun;
            held += node.Turns;
            calls += node.Device?.Worker.Calls ?? 0;
            isMoving |= node.IsMoving;
        }

        // Looked at twice: what went from a place not yet seen to one seen already has left its mark.
        return (arrivals.UnderWay <= held || arrivals.Sessions.All(IsHeld)) && (!isMoving || calls > 0)
            && cluster.Activity == before && nodes.Sum(node => node.CallsBegun) == begun;
    }
}
