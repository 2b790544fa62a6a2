using System.Linq.Expressions;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace KVCluster.Engine.Embedded;

/// <summary>A grain class: what its attributes say, and how an instance is made.</summary>
internal sealed class GrainClass
{
    private readonly ConstructorInvoker _constructor;
    private readonly Func<Activation, object?>[] _arguments;
    private readonly TimeSpan? _ageLimit;

    public GrainClass(Type type)
    {
        Class = type;
        Type = GrainType.Create(type.GetCustomAttribute<GrainTypeAttribute>()?.Name ?? ConventionalName(type.Name));
        Placement = type.GetCustomAttribute<PlacementAttribute>()?.PlacementStrategy ?? new RandomPlacement();
        Filters = [.. type.GetCustomAttributes<PlacementFilterAttribute>().Select(a => a.PlacementFilterStrategy).OrderBy(filter => filter.Order)];
        MayInterleave = InterleavePredicate(type);
        _ageLimit = type.GetCustomAttribute<CollectionAgeLimitAttribute>()?.AgeLimit;
        var constructor = type.GetConstructors().MaxBy(constructor => constructor.GetParameters().Length)
            ?? throw new ArgumentException($"The grain class {type} has no public constructor.");
        _constructor = ConstructorInvoker.Create(constructor);
        _arguments = Array.ConvertAll(constructor.GetParameters(), SourceOf);
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

    public TimeSpan AgeLimit(GrainCollectionOptions options)
        => _ageLimit ?? (options.ClassSpecificCollectionAge.TryGetValue(Class.FullName!, out var age) ? age : options.CollectionAge);

    public object Create(Activation activation)
    {
        var arguments = new object?[_arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = _arguments[i](activation);
        }

        return _constructor.Invoke(arguments.AsSpan());
    }

    private static Func<Activation, object?> SourceOf(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is { } state)
        {
            if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
            {
                throw new ArgumentException($"{parameter.Member.DeclaringType}: the parameter {parameter.Name} must be an IPersistentState<T>.");
            }

            var bridge = typeof(StateBridge<>).MakeGenericType(type.GetGenericArguments());
            return activation => Activator.CreateInstance(bridge, BindingFlags.DoNotWrapExceptions, null,
                [activation, state.StateName, state.StorageName], null);
        }

        if (type == typeof(IGrainContext))
        {
            return activation => activation;
        }

        var key = parameter.GetCustomAttribute<FromKeyedServicesAttribute>()?.Key;
        return activation =>
        {
            var services = activation.Silo.IsSingleton(type) ? activation.Silo.Services : activation.ActivationServices;
            var service = key is null ? services.GetService(type) : ((IKeyedServiceProvider)services).GetKeyedService(type, key);
            return service ?? (parameter.HasDefaultValue ? parameter.DefaultValue
                : throw new InvalidOperationException(
                    $"Unable to resolve service for type '{type}' while attempting to activate '{parameter.Member.DeclaringType}'."));
        };
    }

    private static Func<object, IInvokable, bool>? InterleavePredicate(Type type)
    {
        if (type.IsDefined(typeof(ReentrantAttribute)))
        {
            return static (_, _) => true;
        }

        if (type.GetCustomAttribute<MayInterleaveAttribute>() is not { } attribute)
        {
            return null;
        }

        var method = type.GetMethod(attribute.CallbackMethodName,
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.FlattenHierarchy);
        if (method is null || method.ReturnType != typeof(bool) || method.GetParameters() is not [{ ParameterType: var taken }]
            || taken != typeof(IInvokable))
        {
            throw new ArgumentException($"{type} has no method {attribute.CallbackMethodName} that takes an IInvokable and returns bool.");
        }

        var grain = Expression.Parameter(typeof(object));
        var call = Expression.Parameter(typeof(IInvokable));
        return Expression.Lambda<Func<object, IInvokable, bool>>(
            Expression.Call(method.IsStatic ? null : Expression.Convert(grain, type), method, call), grain, call).Compile();
    }
}
