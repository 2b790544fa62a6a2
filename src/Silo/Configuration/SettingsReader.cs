using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using KVCluster.Inference;
using Microsoft.Extensions.Configuration;

namespace KVCluster.Silo.Configuration;

/// <summary>
/// Fills the settings' tree from a JSON file, then the environment (<c>KVCLUSTER__MODEL__PATH</c>), then the command line, each over the one
/// before. An unknown key or a value out of range is an error naming it.
/// </summary>
internal static class SettingsReader
{
    /// <summary>What environment variables of the server begin with.</summary>
    public const string Prefix = "KVCLUSTER__";

    /// <exception cref="InputException">The file is missing or not JSON, a key is unknown, or a value is wrong.</exception>
    public static ServerSettings Read(string? file, IEnumerable<KeyValuePair<string, string?>> overrides)
    {
        var builder = new ConfigurationBuilder();
        if (file is not null)
        {
            builder.AddJsonFile(Path.GetFullPath(file), optional: false);
        }

        builder.AddEnvironmentVariables(Prefix);
        builder.AddInMemoryCollection(overrides);
        try
        {
            return (ServerSettings)Section(builder.Build(), typeof(ServerSettings), "");
        }
        catch (FileNotFoundException)
        {
            throw new InputException($"no such settings file: {file}");
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"settings file {file}: {e.GetBaseException().Message}");
        }
    }

    /// <summary>Every leaf of a tree by its key, with its description.</summary>
    public static IEnumerable<(string Key, object? Value, string Description)> Leaves(object section, string path = "")
    {
        foreach (PropertyInfo property in section.GetType().GetProperties())
        {
            string key = path.Length == 0 ? property.Name : $"{path}:{property.Name}";
            object? value = property.GetValue(section);
            if (IsLeaf(property))
            {
                yield return (key, value, property.GetCustomAttribute<DescriptionAttribute>()!.Description);
                continue;
            }

            foreach ((string, object?, string) leaf in Leaves(value!, key))
            {
                yield return leaf;
            }
        }
    }

    private static object Section(IConfiguration configuration, Type type, string path)
    {
        object section = Activator.CreateInstance(type)!;
        PropertyInfo[] properties = type.GetProperties();
        foreach (IConfigurationSection child in configuration.GetChildren())
        {
            string key = path.Length == 0 ? child.Key : $"{path}:{child.Key}";
            PropertyInfo property = Array.Find(properties, p => p.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase))
                ?? throw new InputException($"unknown setting '{key}'; known here are {string.Join(", ", properties.Select(p => p.Name))}");
            if (!IsLeaf(property) && child.Value is { Length: > 0 })
            {
                throw new InputException($"setting '{key}' is a group of settings, not a value");
            }

            property.SetValue(section, IsLeaf(property) ? Leaf(child, property, key) : Section(child, property.PropertyType, key));
        }

        return section;
    }

    private static object Leaf(IConfigurationSection child, PropertyInfo property, string key)
    {
        string text = child.Value ?? throw new InputException($"setting '{key}' must be a value, not an object or null");
        if (property.PropertyType == typeof(string))
        {
            return text;
        }

        if (property.PropertyType == typeof(bool))
        {
            return bool.TryParse(text, out bool flag) ? flag : throw new InputException($"setting '{key}' must be true or false, not '{text}'");
        }

        if (property.PropertyType.IsEnum)
        {
            return Enum.TryParse(property.PropertyType, text, ignoreCase: true, out object? value) && Enum.IsDefined(property.PropertyType, value)
                ? value
                : throw new InputException($"setting '{key}' must be one of {string.Join(", ", Enum.GetNames(property.PropertyType))}, not '{text}'");
        }

        RangeAttribute range = property.GetCustomAttribute<RangeAttribute>()!;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >= range.Least && number <= range.Most
            ? Convert.ChangeType(number, property.PropertyType, CultureInfo.InvariantCulture)
            : throw new InputException($"setting '{key}' must be a whole number from {range.Least} to {range.Most}, not '{text}'");
    }

    private static bool IsLeaf(PropertyInfo property) =>
        property.PropertyType.IsEnum || property.PropertyType.Namespace != typeof(ServerSettings).Namespace;
}
