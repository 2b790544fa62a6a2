namespace Orleans.Serialization.Invocation;

/// <summary>A call, as the predicate of <see cref="Concurrency.MayInterleaveAttribute"/> sees it.</summary>
public interface IInvokable
{
    /// <summary>How many arguments the call has.</summary>
    int GetArgumentCount();

    /// <summary>An argument of the call.</summary>
    object? GetArgument(int index);

    /// <summary>The method's name.</summary>
    string GetMethodName();
}
