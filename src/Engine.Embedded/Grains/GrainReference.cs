using System.ComponentModel;
using System.Reflection;
using KVCluster.Engine.Embedded;

namespace Orleans.Runtime;

/// <summary>A reference to a grain, made by an <see cref="IGrainFactory"/>. It implements the grain's interface.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public class GrainReference : DispatchProxy, IAddressable, IEquatable<GrainReference>
{
    private GrainFactory _factory = null!;

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

    internal void Initialize(GrainFactory factory, GrainId id)
    {
        _factory = factory;
        GrainId = id;
    }

    internal GrainReference CastTo(Type interfaceType) => interfaceType.IsInstanceOfType(this) ? this : _factory.Reference(interfaceType, GrainId);

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        => GrainMethod.Of(targetMethod!).Send(_factory, this, args ?? []);
}
