namespace Orleans.Runtime;

/// <summary>The name of a grain interface.</summary>
public readonly record struct GrainInterfaceType
{
    /// <summary>An interface by its name.</summary>
    public GrainInterfaceType(string value) => Value = IdSpan.Create(value);

    /// <summary>The name.</summary>
    public IdSpan Value { get; }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}
