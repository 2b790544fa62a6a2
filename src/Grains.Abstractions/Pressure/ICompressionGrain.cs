namespace KVCluster.Grains;

/// <summary>
/// One device's memory: acts between the watermarks so that nothing is refused that need not be. Key: "node/device"; runs on that node.
/// </summary>
[Alias("KVCluster.ICompressionGrain")]
public interface ICompressionGrain : IGrainWithStringKey
{
    /// <summary>The device's pressure at this instant, with events whose number is above <paramref name="afterEvent"/>.</summary>
    /// <exception cref="NodeNotFoundException">No live node has that device.</exception>
    [Alias("Status"), AlwaysInterleave]
    Task<PressureReport> Status(long afterEvent = 0, CancellationToken cancellationToken = default);

    /// <summary>Acts at once, as if the watermark had been crossed just now; answers with what it came to.</summary>
    /// <exception cref="NodeNotFoundException">No live node has that device.</exception>
    [Alias("Relieve"), ResponseTimeout("00:05:00")]
    Task<PressureReport> Relieve(CancellationToken cancellationToken = default);
}
