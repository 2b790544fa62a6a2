using KVCluster.Grains;
using KVCluster.Inference.Kv;
using KVCluster.Silo.Serving;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Silo.Demo;

/// <summary>The nodes at one instant, as the live view shows them.</summary>
/// <param name="Nodes">One line a node.</param>
/// <param name="Moves">Moves that the allocator ordered lately.</param>
internal sealed record DemoLook(IReadOnlyList<DemoNodeLook> Nodes, int Moves)
{
    public long UsedBytes => Nodes.Sum(n => n.UsedBytes);

    public long Compressions => Nodes.Sum(n => n.Compressions);

    public int Resident => Nodes.Sum(n => n.Resident);
}

/// <summary>One node at one instant.</summary>
internal sealed record DemoNodeLook(
    string Name, long TotalBytes, long UsedBytes, long LowBytes, long HighBytes, int Resident, int Running, int Waiting, long Compressions, long FreedBytes, long Left);

/// <summary>Looks at a server's nodes.</summary>
internal static class DemoWatch
{
    public static async Task<DemoLook> LookAsync(DemoServer server, CancellationToken cancellationToken)
    {
        AllocatorReport allocator = await server.AllocatorAsync(cancellationToken);
        return new DemoLook([.. server.Nodes.Select(Look)], allocator.RecentMoves.Length);
    }

    /// <summary>Looks time and again while the work goes on.</summary>
    public static async Task UntilDoneAsync(Task play, TimeSpan every, Func<Task> look)
    {
        while (!play.IsCompleted)
        {
            await look();
            await Task.WhenAny(play, Task.Delay(every));
        }
    }

    private static DemoNodeLook Look(ServerNode node)
    {
        DeviceStatus status = node.Worker.Status();
        DevicePressureStatus pressure = node.Worker.Pressure.Status(long.MaxValue);
        LedgerSnapshot ledger = status.Ledger;
        ReliefTotal[] cuts = [.. pressure.Totals.Where(t => t.Kind == ReliefKind.Compress)];
        return new DemoNodeLook(
            node.Name,
            ledger.TotalBytes,
            ledger.TotalBytes - ledger.FreeBytes,
            pressure.LowBytes,
            pressure.HighBytes,
            status.Resident,
            status.Running,
            status.Waiting,
            cuts.Sum(t => t.Count),
            cuts.Sum(t => t.FreedBytes),
            pressure.Totals.Where(t => t.Kind is ReliefKind.Drop or ReliefKind.Demote).Sum(t => t.Count));
    }
}
