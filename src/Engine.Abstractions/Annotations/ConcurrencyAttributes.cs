using Orleans.Placement;
using Orleans.Runtime;

namespace Orleans.Concurrency;

/// <summary>Several calls of methods that carry this attribute may interleave with one another.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute;

/// <summary>Calls to this grain class interleave at its awaits.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute;

/// <summary>Calls of this method interleave with any other.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;

/// <summary>The caller does not wait for the method and does not see its errors.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute;

/// <summary>A predicate of the grain class decides which calls interleave.</summary>
/// <param name="callbackMethodName">
/// A method of the class that returns bool and takes an <see cref="Serialization.Invocation.IInvokable"/>; it may be static.
/// </param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class MayInterleaveAttribute(string callbackMethodName) : Attribute
{
    internal string CallbackMethodName { get; } = callbackMethodName;
}

/// <summary>Activations of this class are made on the caller's silo, several at a time, and are in no directory.</summary>
/// <param name="maxLocalWorkers">How many activations a silo has at most; as many as it has processors where that is not above zero.</param>
public sealed class StatelessWorkerAttribute(int maxLocalWorkers = -1)
    : PlacementAttribute(new StatelessWorkerPlacement(maxLocalWorkers > 0 ? maxLocalWorkers : Environment.ProcessorCount));
