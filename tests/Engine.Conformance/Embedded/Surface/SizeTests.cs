using System.Globalization;
using System.Text.RegularExpressions;
using KVCluster.TestSupport;

namespace KVCluster.Engine.Conformance.Embedded.Surface;

/// <summary>The engine stays small enough to be read in an afternoon, and docs/engines.md says how large it is.</summary>
public sealed partial class SizeTests
{
    private const int Most = 2500;

    private static readonly string Folder = Path.Combine(TestPaths.Repository, "src", "Engine.Embedded");

    [Fact]
    public void Its_lines_of_code_stay_within_bounds_and_their_number_is_documented()
    {
        var lines = Directory.EnumerateFiles(Folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Built().IsMatch(Path.GetRelativePath(Folder, file).Replace('\\', '/')))
            .SelectMany(File.ReadLines).Count(HasCode);
        Assert.InRange(lines, 1000, Most);
        var documented = Documented().Match(File.ReadAllText(Path.Combine(TestPaths.Repository, "docs", "engines.md")));
        Assert.True(documented.Success);
        var said = int.Parse(documented.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        Assert.InRange(lines, said - 50, said + 50);
    }

    /// <summary>Blank lines, comments, imports, the namespace and lines of nothing but brackets are not code.</summary>
    private static bool HasCode(string line) => !NoCode().IsMatch(line);

    [GeneratedRegex(@"^\s*(//.*|using [\w.= <>]+;|namespace .*|[{}()\];,]*)\s*$")]
    private static partial Regex NoCode();

    [GeneratedRegex("^(bin|obj)/")]
    private static partial Regex Built();

    [GeneratedRegex(@"([\d,]+) lines of code")]
    private static partial Regex Documented();
}
