namespace Orleans.Runtime;

/// <summary>The type of a grain: the first part of its identity.</summary>
public readonly record struct GrainType : IComparable<GrainType>
{
    /// <summary>A type by its name.</summary>
    public GrainType(IdSpan id) => Value = id;

    /// <summary>The type's name.</summary>
    public IdSpan Value { get; }

    /// <summary>Whether this is no type.</summary>
    public bool IsDefault => Value.IsDefault;

    /// <summary>The type of a name.</summary>
    public static GrainType Create(string value) => new(IdSpan.Create(value));

    /// <inheritdoc/>
    public int CompareTo(GrainType other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}
