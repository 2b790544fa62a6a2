using System.Reflection;
using Orleans;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>The grain classes of a cluster, by their type's name and by the interfaces they implement.</summary>
internal sealed class GrainClassMap
{
    private readonly Dictionary<GrainType, GrainClass> _byType = [];
    private readonly Dictionary<Type, List<GrainClass>> _byInterface = [];

    public GrainClassMap(IEnumerable<Assembly> assemblies)
    {
        foreach (var type in assemblies.Distinct().SelectMany(assembly => assembly.GetTypes()).Where(IsGrainClass))
        {
            var grainClass = new GrainClass(type);
            if (!_byType.TryAdd(grainClass.Type, grainClass))
            {
                throw new ArgumentException($"{type} and {_byType[grainClass.Type].Class} are both of the grain type {grainClass.Type}.");
            }

            foreach (var implemented in type.GetInterfaces().Where(i => typeof(IAddressable).IsAssignableFrom(i)))
            {
                (_byInterface.TryGetValue(implemented, out var list) ? list : _byInterface[implemented] = []).Add(grainClass);
            }
        }
    }

    public GrainClass Get(GrainType type)
        => _byType.GetValueOrDefault(type) ?? throw new ArgumentException($"No grain class is of the grain type {type}.");

    public GrainType TypeOf(Type interfaceType, string? classNamePrefix)
    {
        var candidates = _byInterface.GetValueOrDefault(interfaceType) ?? [];
        var matching = classNamePrefix is null ? candidates
            : candidates.FindAll(candidate => candidate.Class.FullName!.StartsWith(classNamePrefix, StringComparison.Ordinal));
        if (matching.Count > 1)
        {
            var conventional = GrainClass.ConventionalName(interfaceType.Name[1..]);
            matching = matching.FindAll(candidate => candidate.Type.ToString() == conventional) is [var only] ? [only] : matching;
        }

        return matching switch
        {
            [var only] => only.Type,
            [] => throw new ArgumentException($"Could not find an implementation for interface {interfaceType}"),
            _ => throw new ArgumentException(
                $"Unable to identify a single appropriate grain type for interface {interfaceType} with grainClassNamePrefix "
                + $"\"{classNamePrefix}\". Candidates: {string.Join(", ", matching.Select(candidate => candidate.Class))}"),
        };
    }

    private static bool IsGrainClass(Type type)
        => type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && typeof(Grain).IsAssignableFrom(type)
            && typeof(IGrain).IsAssignableFrom(type);
}
