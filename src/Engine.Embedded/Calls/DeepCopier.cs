using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization;

namespace KVCluster.Engine.Embedded;

/// <summary>
/// Copies arguments and results, so that no two grains share what one of them can change. What cannot change is passed as it is: numbers, texts,
/// types marked immutable, and types whose fields are all read-only and hold nothing else.
/// </summary>
internal static class DeepCopier
{
    private static readonly ConcurrentDictionary<Type, bool> ImmutableTypes = new();
    private static readonly ConcurrentDictionary<Type, TypeCopier> Copiers = new();

    private static readonly HashSet<Type> KnownImmutable =
    [
        typeof(string), typeof(decimal), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly), typeof(TimeSpan), typeof(Guid),
        typeof(Uri), typeof(Version), typeof(CancellationToken), typeof(Half), typeof(Int128), typeof(UInt128), typeof(System.Numerics.BigInteger),
        typeof(GrainId), typeof(GrainType), typeof(IdSpan), typeof(NoResult), typeof(System.Net.IPAddress),
    ];

    private static readonly HashSet<Type> KnownImmutableDefinitions =
    [
        typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ImmutableDictionary<,>), typeof(ImmutableHashSet<>), typeof(Nullable<>),
        typeof(KeyValuePair<,>),
    ];

    public static T Copy<T>(T value) => value is null || IsImmutable(typeof(T)) ? value : (T)CopyObject(value)!;

    public static object? CopyObject(object? value) => value is null || IsImmutable(value.GetType()) ? value : CopyPart(value, new CopyContext());

    /// <summary>The request context to send: the same one when nothing in it can change.</summary>
    public static Dictionary<string, object>? CopyContext(Dictionary<string, object>? context)
    {
        if (context is null)
        {
            return null;
        }

        foreach (var (_, value) in context)
        {
            if (!IsImmutable(value.GetType()))
            {
                return context.ToDictionary(pair => pair.Key, pair => CopyObject(pair.Value)!);
            }
        }

        return context;
    }

    /// <summary>Whether no value that has this as its declared type can be changed, nor can anything it holds.</summary>
    public static bool IsImmutable(Type type) => ImmutableTypes.TryGetValue(type, out var known) ? known : Decide(type, []);

    internal static object? CopyPart(object? value, CopyContext context)
    {
        if (value is null || IsImmutable(value.GetType()))
        {
            return value;
        }

        return context.TryGet(value, out var copy) ? copy : Copiers.GetOrAdd(value.GetType(), static type => TypeCopiers.Create(type))(value, context);
    }

    internal static IEnumerable<FieldInfo> FieldsOf(Type type)
    {
        for (var at = type; at is not null && at != typeof(object) && at != typeof(ValueType); at = at.BaseType)
        {
            foreach (var field in at.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                yield return field;
            }
        }
    }

    internal static bool MayBeCopiedByFields(Type type)
        => type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false) || typeof(ITuple).IsAssignableFrom(type)
            || (type.IsGenericType && type.GetGenericTypeDefinition() is var definition
                && (definition == typeof(Nullable<>) || definition == typeof(KeyValuePair<,>)));

    private static bool Decide(Type type, HashSet<Type> path)
    {
        if (ImmutableTypes.TryGetValue(type, out var known))
        {
            return known;
        }

        // A type met again on the way down is what its other fields make of it.
        if (!path.Add(type))
        {
            return true;
        }

        var result = IsImmutableAsSuch(type) || (type.IsGenericType && KnownImmutableDefinitions.Contains(type.GetGenericTypeDefinition())
                ? Array.TrueForAll(type.GetGenericArguments(), argument => Decide(argument, path))
                : (type.IsSealed || type.IsValueType) && MayBeCopiedByFields(type)
                    && FieldsOf(type).All(field => field.IsInitOnly && Decide(field.FieldType, path)));
        path.Remove(type);
        if (path.Count == 0 || result is false)
        {
            ImmutableTypes[type] = result;
        }

        return result;
    }

    private static bool IsImmutableAsSuch(Type type)
        => type.IsPrimitive || type.IsEnum || KnownImmutable.Contains(type) || type.IsDefined(typeof(ImmutableAttribute), inherit: false)
            || typeof(IAddressable).IsAssignableFrom(type) || typeof(Type).IsAssignableFrom(type)

            // An error crosses as it was thrown: its stack and its data are written before it leaves the callee's turn.
            || typeof(Exception).IsAssignableFrom(type);
}

/// <summary>What was copied already, so that objects met twice stay one, and cycles end.</summary>
internal sealed class CopyContext
{
    private Dictionary<object, object>? _copies;

    public bool TryGet(object original, out object? copy)
    {
        copy = null;
        return _copies?.TryGetValue(original, out copy) ?? false;
    }

    public void Add(object original, object copy)
    {
        if (!original.GetType().IsValueType)
        {
            (_copies ??= new Dictionary<object, object>(ReferenceEqualityComparer.Instance))[original] = copy;
        }
    }
}
