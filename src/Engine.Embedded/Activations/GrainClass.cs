using System.Linq.Expressions;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace KVCluster.Engine.Embedded;

/// <summary>A grain class: what its attributes say, and how an instance is made.</summary>
internal sealed class GrainClass
{
    private readonly ObjectFactory _create;
    private readonly Func<Activation, object>[] _states;

    public GrainClass(Type type)
    {
        Class = type;
        Type = GrainType.Create(ConventionalName(type.Name));
        Placement = type.GetCustomAttribute<PlacementAttribute>()?.PlacementStrategy ?? new RandomPlacement();
        Filters = [.. type.GetCustomAttributes<PlacementFilterAttribute>().Select(a => a.PlacementFilterStrategy).OrderBy(filter => filter.Order)];
        MayInterleave = InterleavePredicate(type);
        var constructor = type.GetConstructors() is [var only] ? only : throw new ArgumentException($"The grain class {type} must have one public constructor.");
        var states = Array.FindAll(constructor.GetParameters(), parameter => parameter.IsDefined(typeof(PersistentStateAttribute)));
        _states = Array.ConvertAll(states, StateOf);
        _create = ActivatorUtilities.CreateFactory(type, Array.ConvertAll(states, parameter => parameter.ParameterType));
    }

    public Type Class { get; }

    public GrainType Type { get; }

    public PlacementStrategy Placement { get; }

    public IReadOnlyList<PlacementFilterStrategy> Filters { get; }

    /// <summary>Decides for a grain and a call whether it may interleave; null when none may but those the engine itself lets.</summary>
    public Func<object, IInvokable, bool>? MayInterleave { get; }

    public static string ConventionalName(string className)
    {
        const string suffix = "grain";
        var name = className.ToLowerInvariant();
        return name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.Ordinal) ? name[..^suffix.Length] : name;
    }

    public object Create(Activation activation) => _create(activation.Silo.Services, Array.ConvertAll(_states, state => state(activation)));

    private static Func<Activation, object> StateOf(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new ArgumentException($"{parameter.Member.DeclaringType}: the parameter {parameter.Name} must be an IPersistentState<T>.");
        }

        var attribute = parameter.GetCustomAttribute<PersistentStateAttribute>()!;
        var bridge = typeof(StateBridge<>).MakeGenericType(type.GetGenericArguments());
        return activation => Activator.CreateInstance(bridge, BindingFlags.DoNotWrapExceptions, null,
            [activation, attribute.StateName, attribute.StorageName], null)!;
    }

    private static Func<object, IInvokable, bool>? InterleavePredicate(Type type)
    {
        if (type.IsDefined(typeof(ReentrantAttribute)))
        {
            return static (_, _) => true;
        }

        if (type.GetCustomAttribute<MayInterleaveAttribute>()?.CallbackMethodName is not { } name)
        {
            return null;
        }

        var method = type.GetMethod(name,
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.FlattenHierarchy, [typeof(IInvokable)]);
        if (method?.ReturnType != typeof(bool))
        {
            throw new ArgumentException($"{type} has no method {name} that takes an IInvokable and returns bool.");
        }

        var grain = Expression.Parameter(typeof(object));
        var call = Expression.Parameter(typeof(IInvokable));
        return Expression.Lambda<Func<object, IInvokable, bool>>(
            Expression.Call(method.IsStatic ? null : Expression.Convert(grain, type), method, call), grain, call).Compile();
    }
}
