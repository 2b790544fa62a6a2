using Orleans;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>An exception with a value of its own.</summary>
[GenerateSerializer]
public sealed class KnownException(string message, int number) : Exception(message)
{
    [Id(0)]
    public int Number { get; } = number;
}

/// <summary>Fails as it is told.</summary>
public interface IErrorGrain : IGrainWithStringKey
{
    Task Known(int number);

    Task Argument();

    Task Wrapped();

    /// <summary>Throws before the first await, not within the task.</summary>
    Task Synchronous();

    Task<int> Answer();
}

public sealed class ErrorGrain : Grain, IErrorGrain
{
    public async Task Known(int number)
    {
        await Task.Yield();
        throw new KnownException("as told", number);
    }

    public Task Argument() => Task.FromException(new ArgumentOutOfRangeException("count", "too many"));

    public async Task Wrapped()
    {
        try
        {
            await Known(7);
        }
        catch (KnownException inner)
        {
            throw new InvalidOperationException("outer", inner);
        }
    }

    public Task Synchronous() => throw new KnownException("at once", 1);

    public Task<int> Answer() => Task.FromResult(42);
}
