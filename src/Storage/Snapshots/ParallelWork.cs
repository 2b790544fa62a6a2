namespace KVCluster.Storage.Snapshots;

/// <summary>A bounded number of asynchronous works at once.</summary>
internal static class ParallelWork
{
    /// <summary>
    /// Runs all; the first failure stops those that have not begun and is thrown, as itself, once those under way have ended.
    /// </summary>
    public static async Task RunAsync<T>(
        IReadOnlyCollection<T> items, int parallelism, Func<T, CancellationToken, ValueTask> work, CancellationToken cancellationToken)
    {
        if (items.Count == 0)
        {
            return;
        }

        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, parallelism), CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(items, options, work).ConfigureAwait(false);
    }
}
