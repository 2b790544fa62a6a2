using System.Reflection;
using System.Runtime.CompilerServices;

namespace KVCluster.Engine.Conformance.Embedded.Surface;

/// <summary>The public types of assemblies and the names of their public and protected members.</summary>
internal static class PublicSurface
{
    // What every object, record and enumeration has.
    private static readonly HashSet<string> Common =
    [
        "Equals", "GetHashCode", "ToString", "op_Equality", "op_Inequality", "GetType", "<Clone>$", "PrintMembers", "EqualityContract", "value__", "CompareTo",
    ];

    public static SortedDictionary<string, SortedSet<string>> Of(params Assembly[] assemblies)
        => new(assemblies.SelectMany(assembly => assembly.GetExportedTypes()).ToDictionary(NameOf, MembersOf), StringComparer.Ordinal);

    private static string NameOf(Type type)
    {
        var name = type.FullName!.Replace('+', '.');
        var tick = name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? name : $"{name[..tick]}<{string.Join(", ", type.GetGenericArguments().Select(argument => argument.Name))}>";
    }

    private static SortedSet<string> MembersOf(Type type)
    {
        const BindingFlags declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        return new SortedSet<string>(
            type.GetMembers(declared).Where(member => IsVisible(member) && !Common.Contains(member.Name)).Select(member => Display(member)),
            StringComparer.Ordinal);
    }

    private static string Display(MemberInfo member) => member is ConstructorInfo ? "new" : member is Type nested ? nested.Name : member.Name;

    private static bool IsVisible(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => !constructor.IsStatic && IsVisible((MethodBase)constructor) && constructor.GetParameters().Length > 0
            && !IsCopyConstructor(constructor),
        MethodInfo method => !method.IsSpecialName && IsVisible((MethodBase)method),
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisible),
        FieldInfo field => field.IsPublic && !field.IsDefined(typeof(CompilerGeneratedAttribute)),
        Type => false,
        _ => false,
    };

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsCopyConstructor(ConstructorInfo constructor)
        => constructor.GetParameters() is [{ ParameterType: var type }] && type == constructor.DeclaringType;
}
