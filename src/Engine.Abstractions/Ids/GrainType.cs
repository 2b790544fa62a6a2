namespace Orleans.Runtime;

/// <summary>The type of a grain: the first part of its identity.</summary>
public readonly record struct GrainType
{
    private readonly IdSpan _value;

    private GrainType(IdSpan value) => _value = value;

    /// <summary>The type of a name.</summary>
    public static GrainType Create(string value) => new(IdSpan.Create(value));

    /// <inheritdoc/>
    public override string ToString() => _value.ToString();
}
