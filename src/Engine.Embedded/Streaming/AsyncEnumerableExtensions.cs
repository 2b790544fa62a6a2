using KVCluster.Engine.Embedded;

namespace Orleans.Runtime;

/// <summary>Settings of a grain's stream of results.</summary>
public static class AsyncEnumerableExtensions
{
    /// <summary>
    /// How many elements that are ready the callee sends at once, 100 unless set. Elements are never held back for a batch to fill.
    /// </summary>
    public static IAsyncEnumerable<T> WithBatchSize<T>(this IAsyncEnumerable<T> self, int maxBatchSize)
    {
        if (self is RemoteEnumerable<T> remote)
        {
            remote.MaxBatchSize = maxBatchSize;
        }

        return self;
    }
}
