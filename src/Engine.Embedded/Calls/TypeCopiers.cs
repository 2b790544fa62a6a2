using System.Reflection;
using Orleans.Serialization;

namespace KVCluster.Engine.Embedded;

/// <summary>Copies an object of one type.</summary>
internal delegate object TypeCopier(object original, CopyContext context);

/// <summary>Chooses how objects of a type are copied.</summary>
internal static class TypeCopiers
{
    private static readonly Dictionary<Type, string> Collections = new()
    {
        [typeof(List<>)] = nameof(CopyList),
        [typeof(HashSet<>)] = nameof(CopySet),
        [typeof(Dictionary<,>)] = nameof(CopyDictionary),
        [typeof(ReadOnlyMemory<>)] = nameof(CopyMemory),
    };

    private static readonly Func<object, object> Clone
        = typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    public static TypeCopier Create(Type type)
    {
        if (type.IsSZArray)
        {
            return DeepCopier.IsImmutable(type.GetElementType()!) ? (original, _) => ((Array)original).Clone() : CopyArray;
        }

        if (type.IsGenericType && Collections.TryGetValue(type.GetGenericTypeDefinition(), out var method))
        {
            return typeof(TypeCopiers).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!
                .MakeGenericMethod(type.GetGenericArguments()).CreateDelegate<TypeCopier>();
        }

        if (!DeepCopier.MayBeCopiedByFields(type))
        {
            throw new CodecNotFoundException($"{type} cannot be an argument or a result of a grain: it has no [GenerateSerializer].");
        }

        // Fields that cannot change need no copy of their own.
        FieldInfo[] fields = [.. DeepCopier.FieldsOf(type).Where(field => !DeepCopier.IsImmutable(field.FieldType))];
        return (original, context) => CopyFields(original, fields, context);
    }

    private static Array CopyArray(object original, CopyContext context)
    {
        var copy = (Array)((Array)original).Clone();
        context.Add(original, copy);
        for (var i = 0; i < copy.Length; i++)
        {
            copy.SetValue(DeepCopier.CopyPart(copy.GetValue(i), context), i);
        }

        return copy;
    }

    private static object CopyFields(object original, FieldInfo[] fields, CopyContext context)
    {
        var copy = Clone(original);
        context.Add(original, copy);
        foreach (var field in fields)
        {
            field.SetValue(copy, DeepCopier.CopyPart(field.GetValue(copy), context));
        }

        return copy;
    }

    private static List<T> CopyList<T>(object original, CopyContext context)
    {
        var list = (List<T>)original;
        var copy = new List<T>(list.Count);
        context.Add(original, copy);
        if (DeepCopier.IsImmutable(typeof(T)))
        {
            copy.AddRange(list);
            return copy;
        }

        foreach (var item in list)
        {
            copy.Add((T)DeepCopier.CopyPart(item, context)!);
        }

        return copy;
    }

    private static HashSet<T> CopySet<T>(object original, CopyContext context)
    {
        var set = (HashSet<T>)original;
        var copy = new HashSet<T>(set.Count, set.Comparer);
        context.Add(original, copy);
        foreach (var item in set)
        {
            copy.Add((T)DeepCopier.CopyPart(item, context)!);
        }

        return copy;
    }

    private static Dictionary<TKey, TValue> CopyDictionary<TKey, TValue>(object original, CopyContext context)
        where TKey : notnull
    {
        var dictionary = (Dictionary<TKey, TValue>)original;
        var copy = new Dictionary<TKey, TValue>(dictionary.Count, dictionary.Comparer);
        context.Add(original, copy);
        foreach (var (key, value) in dictionary)
        {
            copy.Add((TKey)DeepCopier.CopyPart(key, context)!, (TValue)DeepCopier.CopyPart(value, context)!);
        }

        return copy;
    }

    private static object CopyMemory<T>(object original, CopyContext context)
        => new ReadOnlyMemory<T>((T[])DeepCopier.CopyPart(((ReadOnlyMemory<T>)original).ToArray(), context)!);
}
