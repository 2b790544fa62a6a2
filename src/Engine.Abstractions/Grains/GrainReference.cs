using System.ComponentModel;
using System.Reflection;

namespace Orleans.Runtime;

/// <summary>A reference to a grain, made by an <see cref="IGrainFactory"/>. It implements the grain's interface.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public class GrainReference : DispatchProxy, IAddressable, IEquatable<GrainReference>
{
    private IGrainReferenceRuntime _runtime = null!;

    /// <summary>The grain's identity.</summary>
    public GrainId GrainId { get; private set; }

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"GrainReference:{GrainId}";

    internal static GrainReference Create(IGrainReferenceRuntime runtime, Type interfaceType, GrainId id)
    {
        if (!interfaceType.IsInterface || !typeof(IAddressable).IsAssignableFrom(interfaceType))
        {
            throw new InvalidCastException($"{interfaceType} is no grain interface.");
        }

        var reference = (GrainReference)DispatchProxy.Create(interfaceType, typeof(GrainReference));
        reference._runtime = runtime;
        reference.GrainId = id;
        return reference;
    }

    internal GrainReference CastTo(Type interfaceType) => interfaceType.IsInstanceOfType(this) ? this : Create(_runtime, interfaceType, GrainId);

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _runtime.Send(GrainId, targetMethod!, args ?? []);
}

/// <summary>Sends the calls of references.</summary>
internal interface IGrainReferenceRuntime
{
    /// <summary>Calls a grain; the result is what the interface's method returns.</summary>
    object? Send(GrainId target, MethodInfo method, object?[] arguments);
}
