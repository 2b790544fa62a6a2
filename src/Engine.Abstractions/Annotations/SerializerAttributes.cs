namespace Orleans;

/// <summary>Marks a type as one that may be a grain's argument, result or state. A type without it cannot cross between grains.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute;

/// <summary>The number of a member within its type. The embedded engine copies objects and keeps state as JSON, so it has no use for it.</summary>
/// <param name="id">The number, unique within the type.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class IdAttribute(uint id) : Attribute
{
    /// <summary>The number, unique within the type.</summary>
    public uint Id { get; } = id;
}

/// <summary>A lasting name of a type or method, kept when it is renamed.</summary>
/// <param name="alias">The name, unique within its scope.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Interface | AttributeTargets.Method | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class AliasAttribute(string alias) : Attribute
{
    /// <summary>The name, unique within its scope.</summary>
    public string Alias { get; } = alias;
}

/// <summary>Promises that a value is never changed once it is sent, so that it is passed by reference and not copied.</summary>
[AttributeUsage(AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Class | AttributeTargets.Property | AttributeTargets.Field
    | AttributeTargets.Parameter)]
public sealed class ImmutableAttribute : Attribute;

/// <summary>How long a caller waits for the answer of a method, in place of the configured response timeout.</summary>
/// <param name="timeout">The time, in the format of <see cref="TimeSpan.Parse(string)"/>.</param>
[AttributeUsage(AttributeTargets.Interface | AttributeTargets.Method)]
public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
{
    /// <summary>The time waited for an answer.</summary>
    public TimeSpan? Timeout { get; init; } = TimeSpan.Parse(timeout, System.Globalization.CultureInfo.InvariantCulture);
}
