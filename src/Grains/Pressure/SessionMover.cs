using KVCluster.Worker.Serving.Pressure;
using Microsoft.Extensions.Logging;

namespace KVCluster.Grains;

/// <summary>Carries the allocator's orders out: chooses idle sessions and moves them, as far as the other node has room.</summary>
internal sealed partial class SessionMover(ClusterView cluster, IGrainFactory grains, ILogger log)
{
    /// <summary>Sessions moved so far.</summary>
    public long Moved { get; private set; }

    /// <summary>Sessions for orders: those first that would be missed most; none twice, none beyond an order's bytes or the target's room.</summary>
    public static List<(MovableSession Session, string Node)> Choose(
        IReadOnlyList<MoveOrder> orders, IReadOnlyList<MovableSession> movable, IReadOnlyList<NodeReport> nodes)
    {
        List<(MovableSession, string)> chosen = [];
        HashSet<int> taken = [];
        foreach (MoveOrder order in orders)
        {
            NodeReport? target = nodes.FirstOrDefault(node => node.Node == order.To && node.TakesTurns);
            long room = Math.Min(order.Bytes, target?.Devices.Sum(device => device.FreeBytes) ?? 0);
            for (int i = 0; i < movable.Count && room > 0; i++)
            {
                if (movable[i].Bytes <= room && taken.Add(i))
                {
                    room -= movable[i].Bytes;
                    chosen.Add((movable[i], order.To));
                }
            }
        }

        return chosen;
    }

    /// <summary>Moves sessions one after another; one that cannot be moved at this instant stays.</summary>
    public async Task MoveAsync(
        IReadOnlyList<MoveOrder> orders, IReadOnlyList<MovableSession> movable, CancellationToken cancellationToken)
    {
        foreach ((MovableSession session, string node) in Choose(orders, movable, cluster.Nodes))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await grains.GetGrain<ISessionGrain>(session.Session.ToString()).Move(node, cancellationToken);
                Moved++;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                // It has a turn, or is gone, or the node is: the next round says what is still to be done.
                NotMoved(log, session.Session.ToString(), node, error);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Session {Session} was not moved to {Node}")]
    private static partial void NotMoved(ILogger log, string session, string node, Exception error);
}
