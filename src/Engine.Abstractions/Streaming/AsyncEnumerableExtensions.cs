namespace Orleans.Runtime;

/// <summary>Settings of a grain's stream of results.</summary>
public static class AsyncEnumerableExtensions
{
    /// <summary>
    /// How many elements that are ready the callee sends at once, 100 unless set. Elements are never held back for a batch to fill.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below one.</exception>
    public static IAsyncEnumerable<T> WithBatchSize<T>(this IAsyncEnumerable<T> self, int maxBatchSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBatchSize, 1);
        if (self is IGrainStream stream)
        {
            stream.MaxBatchSize = maxBatchSize;
        }

        return self;
    }
}

/// <summary>A stream that comes from a grain.</summary>
internal interface IGrainStream
{
    int MaxBatchSize { get; set; }
}
