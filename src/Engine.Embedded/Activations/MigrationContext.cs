using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime;
using Orleans.Serialization;

namespace KVCluster.Engine.Embedded;

/// <summary>What a migrating activation takes along: values copied as arguments are.</summary>
internal sealed class MigrationContext : IDehydrationContext, IRehydrationContext
{
    private readonly Dictionary<string, object> _values = [];

    public IEnumerable<string> Keys => _values.Keys;

    public void AddBytes(string key, ReadOnlySpan<byte> value) => _values[key] = value.ToArray();

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

    public bool TryGetBytes(string key, out ReadOnlySequence<byte> value)
    {
        var found = _values.TryGetValue(key, out var stored) && stored is byte[];
        value = found ? new ReadOnlySequence<byte>((byte[])stored!) : default;
        return found;
    }

    public bool TryGetValue<T>(string key, [NotNullWhen(true)] out T? value)
    {
        var found = _values.TryGetValue(key, out var stored) && stored is T;
        value = found ? (T)stored! : default;
        return found;
    }
}
