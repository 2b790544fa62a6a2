using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime;
using Orleans.Serialization;

namespace KVCluster.Engine.Embedded;

/// <summary>What a migrating activation takes along: values copied as arguments are.</summary>
internal sealed class MigrationContext : IDehydrationContext, IRehydrationContext
{
    private readonly Dictionary<string, object> _values = [];

    public bool TryAddValue<T>(string key, T? value)
    {
        try
        {
            return value is not null && _values.TryAdd(key, DeepCopier.CopyObject(value)!);
        }
        catch (CodecNotFoundException)
        {
            return false;
        }
    }

    public bool TryGetValue<T>(string key, [NotNullWhen(true)] out T? value)
    {
        value = _values.TryGetValue(key, out var stored) && stored is T typed ? typed : default;
        return value is not null;
    }
}
