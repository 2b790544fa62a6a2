using Microsoft.Extensions.Options;

namespace KVCluster.Grains;

/// <inheritdoc cref="IAllocatorGrain"/>
internal sealed class AllocatorGrain(IOptions<GrainOptions> options, TimeProvider time) : Grain, IAllocatorGrain
{
    private readonly AllocatorRounds _rounds = new(
        options.Value.Leases, options.Value.BalancePeriod, options.Value.MemoryReportLifetime, time);

    /// <inheritdoc/>
    public Task<LeaseGrant> Report(MemoryReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);
        return Task.FromResult(_rounds.Report(report));
    }

    /// <inheritdoc/>
    public Task<AllocatorReport> Status(CancellationToken cancellationToken) => Task.FromResult(_rounds.Status());
}
