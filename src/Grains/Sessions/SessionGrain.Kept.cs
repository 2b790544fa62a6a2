using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <content>What operators see of a session's cache.</content>
internal sealed partial class SessionGrain
{
    /// <inheritdoc/>
    public async Task<KeptMap?> ReadKept(CancellationToken cancellationToken)
    {
        RequireSound();
        _turns.RequireExists();
        KeptSlots? kept = null;
        await OnDevice(async () => kept = await _device.KeptAsync(cancellationToken));
        return kept is null ? null : new KeptMap
        {
            Positions = kept.Positions,
            Layers = kept.Layers,
            KvHeads = kept.KvHeads,
            ClosedTokens = kept.ClosedTokens,
            Bits = kept.Bits,
        };
    }
}
