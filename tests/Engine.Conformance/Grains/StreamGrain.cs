using System.Runtime.CompilerServices;
using Orleans;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>Answers in pieces. A key may begin with the silo it starts on.</summary>
public interface IStreamGrain : IGrainWithStringKey
{
    IAsyncEnumerable<int> Count(int count, CancellationToken cancellationToken = default);

    /// <summary>Fails after so many numbers.</summary>
    IAsyncEnumerable<int> CountAndFail(int count);

    /// <summary>Yields one number and then waits for its cancellation; tells a journal how it ended.</summary>
    IAsyncEnumerable<int> Endless(string journal, CancellationToken cancellationToken = default);

    /// <summary>Yields lists, one list over and over, longer each time.</summary>
    IAsyncEnumerable<List<int>> Growing(int count);

    Task<int> Answer();
}

[NamedSilo]
public sealed class StreamGrain : Grain, IStreamGrain
{
    public async IAsyncEnumerable<int> Count(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int i = 0; i < count; i++)
        {
            if (i % 3 == 0)
            {
                await Task.Yield();
            }

            cancellationToken.ThrowIfCancellationRequested();
            yield return i;
        }
    }

    public async IAsyncEnumerable<int> CountAndFail(int count)
    {
        for (int i = 0; i < count; i++)
        {
            await Task.Yield();
            yield return i;
        }

        throw new KnownException("after the last", count);
    }

    public async IAsyncEnumerable<int> Endless(string journal, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IJournalGrain lines = GrainFactory.GetGrain<IJournalGrain>(journal);
        try
        {
            yield return 0;
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        finally
        {
            await lines.Add(cancellationToken.IsCancellationRequested ? "cancelled" : "left");
        }
    }

    public async IAsyncEnumerable<List<int>> Growing(int count)
    {
        List<int> list = [];
        for (int i = 0; i < count; i++)
        {
            list.Add(i);
            yield return list;
            await Task.Yield();
        }
    }

    public Task<int> Answer() => Task.FromResult(42);
}
