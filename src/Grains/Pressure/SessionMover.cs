using KVCluster.Worker.Serving.Pressure;
using Microsoft.Extensions.Logging;

namespace KVCluster.Grains;

/// <summary>Carries the allocator's orders out: chooses idle sessions and moves them, as far as the other node has room.</summary>
internal sealed partial class SessionMover(ClusterView cluster, IGrainFactory grains, ILogger log)
{
    /// <summary>Moves do not fill a node further than this: half way between the usual watermarks.</summary>
    private const double Fill = 0.775;

    /// <summary>Sessions moved so far.</summary>
    public long Moved { get; private set; }

    /// <summary>
    /// Sessions for orders: those first that would be missed most, none twice, as far as the target stays below this share of its bytes. A
    /// session is not divided: where none is as small as the order, one larger goes.
    /// </summary>
    public static List<(MovableSession Session, string Node)> Choose(
        IReadOnlyList<MoveOrder> orders, IReadOnlyList<MovableSession> movable, IReadOnlyList<NodeReport> nodes)
    {
        List<(MovableSession, string)> chosen = [];
        HashSet<int> taken = [];
        foreach (MoveOrder order in orders)
        {
            long room = RoomOf(nodes.FirstOrDefault(node => node.Node == order.To && node.TakesTurns));
            long left = Take(Math.Min(order.Bytes, room));
            if (left == order.Bytes && room > left)
            {
                Take(room, most: 1);
            }

            long Take(long bytes, int most = int.MaxValue)
            {
                for (int i = 0; i < movable.Count && bytes > 0 && most > 0; i++)
                {
                    if (movable[i].Bytes <= bytes && taken.Add(i))
                    {
                        bytes -= movable[i].Bytes;
                        most--;
                        chosen.Add((movable[i], order.To));
                    }
                }

                return bytes;
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

    private static long RoomOf(NodeReport? target)
    {
        long total = target?.Devices.Sum(device => device.TotalBytes) ?? 0;
        long free = target?.Devices.Sum(device => device.FreeBytes) ?? 0;
        return Math.Max(0, free - (long)((1 - Fill) * total));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Session {Session} was not moved to {Node}")]
    private static partial void NotMoved(ILogger log, string session, string node, Exception error);
}
