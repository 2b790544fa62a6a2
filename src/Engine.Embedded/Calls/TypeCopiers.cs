using System.Reflection;
using Orleans.Serialization;

namespace KVCluster.Engine.Embedded;

/// <summary>Copies objects of one type.</summary>
internal interface ITypeCopier
{
    object Copy(object original, CopyContext context);
}

/// <summary>Chooses how objects of a type are copied.</summary>
internal static class TypeCopiers
{
    public static ITypeCopier Create(Type type)
    {
        if (type.IsArray)
        {
            return new ArrayCopier(DeepCopier.IsImmutable(type.GetElementType()!));
        }

        if (type.IsGenericType)
        {
            var arguments = type.GetGenericArguments();
            var definition = type.GetGenericTypeDefinition();
            var copier = definition == typeof(List<>) ? typeof(ListCopier<>)
                : definition == typeof(HashSet<>) ? typeof(HashSetCopier<>)
                : definition == typeof(Dictionary<,>) ? typeof(DictionaryCopier<,>)
                : definition == typeof(ReadOnlyMemory<>) ? typeof(ReadOnlyMemoryCopier<>)
                : definition == typeof(Memory<>) ? typeof(MemoryCopier<>) : null;
            if (copier is not null)
            {
                return (ITypeCopier)Activator.CreateInstance(copier.MakeGenericType(arguments))!;
            }
        }

        return DeepCopier.MayBeCopiedByFields(type) ? new FieldCopier(type)
            : throw new CodecNotFoundException($"{type} cannot be an argument or a result of a grain: it has no [GenerateSerializer].");
    }

    private sealed class ArrayCopier(bool immutableElements) : ITypeCopier
    {
        public object Copy(object original, CopyContext context)
        {
            var copy = (Array)((Array)original).Clone();
            if (immutableElements)
            {
                return copy;
            }

            context.Add(original, copy);
            if (copy.Rank != 1)
            {
                throw new CodecNotFoundException($"{original.GetType()} cannot be an argument or a result of a grain: only arrays of one dimension.");
            }

            for (var i = 0; i < copy.Length; i++)
            {
                copy.SetValue(DeepCopier.CopyPart(copy.GetValue(i), context), i);
            }

            return copy;
        }
    }

    private sealed class ListCopier<T> : ITypeCopier
    {
        public object Copy(object original, CopyContext context)
        {
            var list = (List<T>)original;
            if (DeepCopier.IsImmutable(typeof(T)))
            {
                return new List<T>(list);
            }

            var copy = new List<T>(list.Count);
            context.Add(original, copy);
            foreach (var item in list)
            {
                copy.Add((T)DeepCopier.CopyPart(item, context)!);
            }

            return copy;
        }
    }

    private sealed class HashSetCopier<T> : ITypeCopier
    {
        public object Copy(object original, CopyContext context)
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
    }

    private sealed class DictionaryCopier<TKey, TValue> : ITypeCopier
        where TKey : notnull
    {
        public object Copy(object original, CopyContext context)
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
    }

    private sealed class ReadOnlyMemoryCopier<T> : ITypeCopier
    {
        public object Copy(object original, CopyContext context)
            => new ReadOnlyMemory<T>((T[])DeepCopier.CopyPart(((ReadOnlyMemory<T>)original).ToArray(), context)!);
    }

    private sealed class MemoryCopier<T> : ITypeCopier
    {
        public object Copy(object original, CopyContext context)
            => new Memory<T>((T[])DeepCopier.CopyPart(((Memory<T>)original).ToArray(), context)!);
    }

    private sealed class FieldCopier(Type type) : ITypeCopier
    {
        private static readonly Func<object, object> Clone
            = typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

        // Fields that cannot change need no copy of their own.
        private readonly FieldInfo[] _fields = [.. DeepCopier.FieldsOf(type).Where(field => !DeepCopier.IsImmutable(field.FieldType))];

        public object Copy(object original, CopyContext context)
        {
            var copy = Clone(original);
            context.Add(original, copy);
            foreach (var field in _fields)
            {
                field.SetValue(copy, DeepCopier.CopyPart(field.GetValue(copy), context));
            }

            return copy;
        }
    }
}
