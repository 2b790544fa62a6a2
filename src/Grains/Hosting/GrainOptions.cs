using KVCluster.Compression.Pressure.Leases;

namespace KVCluster.Grains;

/// <summary>Settings of the grains on one silo.</summary>
public sealed class GrainOptions
{
    /// <summary>How long a session is idle before its cache is saved to the cold store.</summary>
    public TimeSpan IdleSaveDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Longest wait for a state to be written; then the turn's outcome is unknown to its caller and the session starts over.
    /// </summary>
    public TimeSpan StateTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How often a node reports its devices.</summary>
    public TimeSpan ReportPeriod { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a node counts as live after its last report.</summary>
    public TimeSpan ReportLifetime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a node tells the allocator of its memory.</summary>
    public TimeSpan BalancePeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the allocator goes by a node's last report; until then its part of the cluster's bytes stays its own.</summary>
    public TimeSpan MemoryReportLifetime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How the allocator lends bytes and moves sessions.</summary>
    public LeaseOptions Leases { get; set; } = new();

    /// <summary>How long a tenant's index may keep what turns told it in memory before it writes.</summary>
    public TimeSpan IndexWriteDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Blocks of tokens a tenant's prefix directory remembers at most, about 100 bytes each.</summary>
    public int PrefixBlocks { get; set; } = 262_144;

    /// <summary>Longest answer in time: how far a generating session puts off its deactivation.</summary>
    public TimeSpan LongestTurn { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// How long nobody reads a running answer before the same request, sent again, takes its place: its first reader has lost its connection.
    /// </summary>
    public TimeSpan AbsentReader { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long running turns may take to end once the node is being drained; then they are cut, to go on elsewhere.</summary>
    public TimeSpan DrainTurns { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How much longer caches may take to go to other nodes or to the cold store.</summary>
    public TimeSpan DrainHandOver { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Session ids that begin so are the server's own: random, and never used again. Of such a session nothing is kept once it is closed, where any
    /// other leaves a tombstone. Null: there are none. The same on every silo.
    /// </summary>
    public string? SingleUsePrefix { get; set; }

    /// <summary>Sessions handed over at once.</summary>
    public int DrainParallelism { get; set; } = 4;
}
