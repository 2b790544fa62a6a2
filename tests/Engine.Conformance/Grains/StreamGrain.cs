using System.Runtime.CompilerServices;
using KVCluster.Engine.Conformance.Cluster;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>Streams of results.</summary>
public interface IStreamGrain : IGrainWithStringKey
{
    IAsyncEnumerable<int> Count(int to, CancellationToken cancellationToken = default);

    /// <summary>Yields 0, waits at the gate "more", yields 1.</summary>
    IAsyncEnumerable<int> CountWithAPause(CancellationToken cancellationToken = default);

    /// <summary>Yields 0, then fails.</summary>
    IAsyncEnumerable<int> CountThenFail(string message, CancellationToken cancellationToken = default);

    /// <summary>Yields without end, one element a turn.</summary>
    IAsyncEnumerable<int> CountForever(CancellationToken cancellationToken = default);

    IAsyncEnumerable<int[]> SameArray(int times, CancellationToken cancellationToken = default);

    IAsyncEnumerable<string> Context(CancellationToken cancellationToken = default);

    /// <summary>Yields without end; what it leaves on its token fails.</summary>
    IAsyncEnumerable<int> CountWithFailingToken(CancellationToken cancellationToken = default);

    Task<string> Echo(string text);

    Task Deactivate();

    /// <summary>Deactivates by a hook that fails.</summary>
    Task DeactivateBadly();
}

public sealed class StreamGrain(Stage stage) : Grain, IStreamGrain
{
    private bool _endsBadly;

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
        => _endsBadly ? throw new InvalidOperationException("The hook failed.") : Task.CompletedTask;

    public async IAsyncEnumerable<int> Count(int to, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var i = 0; i < to; i++)
        {
            if (i % 7 == 6)
            {
                await Task.Yield();
            }

            yield return i;
        }
    }

    public async IAsyncEnumerable<int> CountWithAPause([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            yield return 0;
            await stage.PassAsync("more", cancellationToken);
            yield return 1;
        }
        finally
        {
            stage.Note(cancellationToken.IsCancellationRequested ? "stream closed, cancelled" : "stream closed");
        }
    }

    public async IAsyncEnumerable<int> CountThenFail(string message, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        yield return 0;
        await Task.Yield();
        throw new InvalidOperationException(message);
    }

    public async IAsyncEnumerable<int> CountForever([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                await Task.Yield();
                yield return i;
            }
        }
        finally
        {
            stage.Note("endless stream closed");
        }
    }

    public async IAsyncEnumerable<int> CountWithFailingToken([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            cancellationToken.Register(() => throw new InvalidOperationException("It does not want to end."));
            for (var i = 0; ; i++)
            {
                await Task.Yield();
                yield return i;
            }
        }
        finally
        {
            stage.Note("unwilling stream closed");
        }
    }

    public async IAsyncEnumerable<int[]> SameArray(int times, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var array = new int[1];
        for (var i = 0; i < times; i++)
        {
            array[0] = i;
            yield return array;
        }

        await Task.CompletedTask;
    }

    public async IAsyncEnumerable<string> Context([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        yield return $"{RequestContext.Get("key")}";
        await Task.Yield();
        yield return $"{RequestContext.Get("key")}";
    }

    public Task<string> Echo(string text) => Task.FromResult(text);

    public Task Deactivate()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task DeactivateBadly()
    {
        _endsBadly = true;
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}
