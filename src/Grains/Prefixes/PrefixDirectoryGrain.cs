using Microsoft.Extensions.Options;

namespace KVCluster.Grains;

/// <inheritdoc cref="IPrefixDirectoryGrain"/>
internal sealed class PrefixDirectoryGrain(IOptions<GrainOptions> options) : Grain, IPrefixDirectoryGrain
{
    private readonly PrefixIndex _index = new(options.Value.PrefixBlocks);

    /// <inheritdoc/>
    public Task Publish(string session, int firstBlock, BlockHash[] blocks, CancellationToken cancellationToken)
    {
        _index.Publish(session, firstBlock, blocks);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Withdraw(string session, CancellationToken cancellationToken)
    {
        _index.Withdraw(session);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<PrefixMatch?> Find(BlockHash[] blocks, CancellationToken cancellationToken) => Task.FromResult(_index.Find(blocks));
}
