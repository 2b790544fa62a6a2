using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace KVCluster.Silo.Options;

/// <summary>Options whose errors name the option, what was typed and what would be right.</summary>
internal static class OptionOf
{
    public static Option<string?> Text(string name, string description, string value) =>
        new(name) { Description = description, HelpName = value, Arity = ArgumentArity.ExactlyOne };

    public static Option<string[]> Texts(string name, string description, string value) =>
        new(name)
        {
            Description = description,
            HelpName = value,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
            DefaultValueFactory = _ => [],
        };

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    public static Option<T?> Number<T>(string name, string description)
        where T : struct, INumber<T> =>
        new(name)
        {
            Description = description,
            HelpName = IsWhole<T>() ? "N" : "X",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => ParseNumber<T>(result, name),
        };

    /// <summary>One of a few names, each standing for a value.</summary>
    public static Option<T?> Choice<T>(string name, string description, IReadOnlyDictionary<string, T> values)
        where T : struct =>
        new(name)
        {
            Description = description,
            HelpName = string.Join('|', values.Keys),
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => ParseChoice(result, name, values),
        };

    private static T? ParseNumber<T>(ArgumentResult result, string name)
        where T : struct, INumber<T>
    {
        string text = result.Tokens[0].Value;
        NumberStyles style = IsWhole<T>() ? NumberStyles.AllowLeadingSign : NumberStyles.Float;
        if (T.TryParse(text, style, CultureInfo.InvariantCulture, out T value) && T.IsFinite(value))
        {
            return value;
        }

        result.AddError($"{name} is '{text}': it must be {(IsWhole<T>() ? "a whole number" : "a number")}");
        return null;
    }

    private static T? ParseChoice<T>(ArgumentResult result, string name, IReadOnlyDictionary<string, T> values)
        where T : struct
    {
        string text = result.Tokens[0].Value;
        if (values.TryGetValue(text, out T value))
        {
            return value;
        }

        result.AddError($"{name} is '{text}': it must be one of {string.Join(", ", values.Keys)}");
        return null;
    }

    private static bool IsWhole<T>()
        where T : struct, INumber<T> => T.IsInteger(T.One / (T.One + T.One));
}
