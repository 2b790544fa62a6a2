using System.Globalization;
using System.Reflection;
using System.Text;

namespace KVCluster.Compression.Policies;

/// <summary>Sets properties of a parameter record from names and values as a person types them.</summary>
internal static class ParameterBinder
{
    /// <summary>The parameters of a record, with their types' valid values and defaults.</summary>
    public static IReadOnlyList<PolicyParameter> Describe<T>()
        where T : PolicyParameters, new()
    {
        T defaults = new();
        return
        [
            .. Properties(typeof(T))
                .Select(p => new PolicyParameter(Kebab(p.Name), ValidValues(p.PropertyType), Show(p.GetValue(defaults)!))),
        ];
    }

    /// <summary>A record with the given values and defaults for the rest, validated. Throws <see cref="PolicyException"/>.</summary>
    public static T Bind<T>(string policy, IEnumerable<KeyValuePair<string, string>> values)
        where T : PolicyParameters, new()
    {
        T parameters = new();
        PropertyInfo[] properties = Properties(typeof(T));
        HashSet<string> seen = [];
        foreach ((string name, string value) in values)
        {
            PropertyInfo property = Array.Find(properties, p => Kebab(p.Name) == name)
                ?? throw new PolicyException($"{policy} has no parameter '{name}'; {Valid(properties)}");
            if (!seen.Add(name))
            {
                throw new PolicyException($"{policy}: parameter '{name}' is given twice");
            }

            object parsed = Parse(property.PropertyType, value)
                ?? throw new PolicyException($"{policy}: '{value}' is no value of {name}; valid: {ValidValues(property.PropertyType)}");
            property.SetValue(parameters, parsed);
        }

        parameters.Validate();
        return parameters;
    }

    /// <summary>KeepFirst becomes keep-first.</summary>
    public static string Kebab(string name)
    {
        StringBuilder text = new();
        foreach (char c in name)
        {
            text.Append(char.IsUpper(c) && text.Length > 0 ? "-" : "").Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    private static PropertyInfo[] Properties(Type type) =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite)];

    private static string Valid(PropertyInfo[] properties) =>
        properties.Length == 0 ? "it has none" : $"valid: {string.Join(", ", properties.Select(p => Kebab(p.Name)))}";

    private static string ValidValues(Type type) =>
        type.IsEnum ? string.Join(" | ", Enum.GetNames(type).Select(Kebab))
        : type == typeof(bool) ? "true | false"
        : type == typeof(int) ? "a whole number"
        : "a number";

    private static string Show(object value) => value switch
    {
        Enum e => Kebab(e.ToString()),
        bool b => b ? "true" : "false",
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static object? Parse(Type type, string value)
    {
        if (type.IsEnum)
        {
            string? name = Array.Find(Enum.GetNames(type), n => Kebab(n) == value);
            return name is null ? null : Enum.Parse(type, name);
        }

        if (type == typeof(bool))
        {
            return bool.TryParse(value, out bool b) ? b : null;
        }

        if (type == typeof(int))
        {
            return int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int i) ? i : null;
        }

        return type == typeof(double)
            ? double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double d) ? d : null
            : throw new NotSupportedException($"parameters of type {type.Name}");
    }
}
