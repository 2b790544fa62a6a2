namespace KVCluster.Silo.Configuration;

/// <summary>Least and largest value of a whole number.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class RangeAttribute(long least, long most) : Attribute
{
    public long Least { get; } = least;

    public long Most { get; } = most;
}
