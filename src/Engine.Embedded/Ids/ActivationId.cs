using System.Globalization;

namespace Orleans.Runtime;

/// <summary>The identity of one activation of a grain.</summary>
public readonly struct ActivationId : IEquatable<ActivationId>
{
    private static long _last;

    private readonly long _value;

    private ActivationId(long value) => _value = value;

    internal static ActivationId NewId() => new(Interlocked.Increment(ref _last));

    /// <inheritdoc/>
    public bool Equals(ActivationId other) => _value == other._value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ActivationId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _value.GetHashCode();

    /// <summary>Whether both are the same activation.</summary>
    public static bool operator ==(ActivationId left, ActivationId right) => left.Equals(right);

    /// <summary>Whether they are different activations.</summary>
    public static bool operator !=(ActivationId left, ActivationId right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() => "@" + _value.ToString("x16", CultureInfo.InvariantCulture);
}
