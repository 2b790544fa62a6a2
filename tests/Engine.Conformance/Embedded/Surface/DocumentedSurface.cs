using System.Text.RegularExpressions;

namespace KVCluster.Engine.Conformance.Embedded.Surface;

/// <summary>
/// The types and members that docs/engines.md lists: a heading <c>### `Namespace`</c>, then rows of a table, the type in the first column and its
/// members in the second, each in backquotes.
/// </summary>
internal static partial class DocumentedSurface
{
    public static SortedDictionary<string, SortedSet<string>> Read(string path)
    {
        var types = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        string? ns = null;
        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith('#'))
            {
                ns = Heading().Match(line) is { Success: true } heading ? heading.Groups[1].Value : null;
            }
            else if (ns is not null && Row().Match(line) is { Success: true } row)
            {
                types.Add($"{ns}.{row.Groups[1].Value}",
                    new SortedSet<string>(Quoted().Matches(row.Groups[2].Value).Select(member => member.Groups[1].Value), StringComparer.Ordinal));
            }
        }

        return types;
    }

    [GeneratedRegex("^### `([A-Za-z.]+)`$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"^\| `([^`]+)` \|(.*)\|$")]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
