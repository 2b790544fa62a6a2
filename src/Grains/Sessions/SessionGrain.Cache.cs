using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Worker;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <content>What operators do to a session's cache.</content>
internal sealed partial class SessionGrain
{
    /// <inheritdoc/>
    public async Task<SessionInfo> Compress(CompressRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        CompressionRequest cut = CutOf(request);
        await WhileIdle(async () =>
        {
            await DeviceAsync(cancellationToken);
            CompressionReport? report = null;
            await OnDevice(async () => report = await _device.CompressAsync(State.Epoch, cut, cancellationToken));
            return report ?? throw new InvalidRequestException($"session {_id} has no cache on a device to compress");
        });
        SaveWhenIdle();
        return await Describe(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<SessionInfo> MakeWhole(CancellationToken cancellationToken)
    {
        await WhileIdle(async () =>
        {
            await DeviceAsync(cancellationToken);
            int[] history = TokenBytes.Decode(State.Tokens, State.Count);
            await OnDevice(() => _device.RestoreAsync(State.Epoch, history, cancellationToken));
            return true;
        });
        return await Describe(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<SessionInfo> Demote(CancellationToken cancellationToken)
    {
        await WhileIdle(async () =>
        {
            await EvictAsync(toNode: false, cancellationToken);
            return true;
        });
        return await Describe(cancellationToken);
    }

    private static CompressionRequest CutOf(CompressRequest request)
    {
        if (!(request.Keep is > 0 and <= 1))
        {
            throw new InvalidRequestException($"the share to keep must be above 0 and at most 1, not {request.Keep}");
        }

        try
        {
            return new CompressionRequest(CompressionPolicies.Parse(request.Policy), RetentionBudget.OfRatio(1 - request.Keep));
        }
        catch (Exception error) when (error is PolicyException or InputException)
        {
            throw new InvalidRequestException(error.Message);
        }
    }
}
