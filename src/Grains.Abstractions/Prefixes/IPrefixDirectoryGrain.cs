namespace KVCluster.Grains;

/// <summary>
/// Finds the session of a tenant whose history is the longest beginning of some tokens. Key: the tenant's id. It is in memory and bounded:
/// a hint. Whoever uses a match checks it against the session's own tokens (<see cref="Prompt.IsWhole"/> does).
/// </summary>
[Alias("KVCluster.IPrefixDirectoryGrain")]
public interface IPrefixDirectoryGrain : IGrainWithStringKey
{
    /// <summary>
    /// A session's history consists of these whole blocks, from <paramref name="firstBlock"/> on; earlier ones were told before.
    /// </summary>
    [Alias("Publish"), OneWay]
    Task Publish(string session, int firstBlock, BlockHash[] blocks, CancellationToken cancellationToken = default);

    /// <summary>A session is gone.</summary>
    [Alias("Withdraw"), OneWay]
    Task Withdraw(string session, CancellationToken cancellationToken = default);

    /// <summary>
    /// The session that has the most of these blocks, the one used last where several have; null where none has the first block.
    /// <paramref name="blocks"/> is <see cref="BlockHashes.Of"/> of the tokens wanted.
    /// </summary>
    [Alias("Find")]
    Task<PrefixMatch?> Find(BlockHash[] blocks, CancellationToken cancellationToken = default);
}
