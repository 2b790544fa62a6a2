namespace Orleans.Runtime;

/// <summary>The text of an identity.</summary>
public readonly record struct IdSpan
{
    private readonly string? _value;

    private IdSpan(string value) => _value = value;

    /// <summary>The text as an identity.</summary>
    public static IdSpan Create(string id) => new(id ?? throw new ArgumentNullException(nameof(id)));

    /// <inheritdoc/>
    public override string ToString() => _value ?? string.Empty;
}
