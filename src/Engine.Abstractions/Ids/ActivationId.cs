using System.Globalization;

namespace Orleans.Runtime;

/// <summary>The identity of one activation of a grain.</summary>
public readonly record struct ActivationId
{
    private static long _last;

    private readonly long _value;

    private ActivationId(long value) => _value = value;

    /// <inheritdoc/>
    public override string ToString() => "@" + _value.ToString("x16", CultureInfo.InvariantCulture);

    internal static ActivationId NewId() => new(Interlocked.Increment(ref _last));
}
