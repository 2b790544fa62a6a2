using System.Globalization;
using System.Text.RegularExpressions;
using KVCluster.TestSupport;

namespace KVCluster.Engine.Conformance.Embedded.Surface;

/// <summary>The engine stays small enough to be read in an afternoon, and docs/engines.md says how large each part is.</summary>
public sealed partial class SizeTests
{
    private static readonly string Sources = Path.Combine(TestPaths.Repository, "src");

    [Theory]
    [InlineData("Engine.Embedded", 2500)]
    [InlineData("Engine.Abstractions", 750)]
    public void Its_lines_of_code_stay_within_bounds_and_their_number_is_documented(string project, int most)
    {
        var lines = Directory.EnumerateFiles(Path.Combine(Sources, project), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Built().IsMatch(Path.GetRelativePath(Sources, file).Replace('\\', '/')))
            .SelectMany(File.ReadLines).Count(HasCode);
        Assert.InRange(lines, most / 2, most - 1);
        var documented = Documented(project).Match(File.ReadAllText(Path.Combine(TestPaths.Repository, "docs", "engines.md")));
        Assert.True(documented.Success);
        Assert.Equal(int.Parse(documented.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture), lines);
    }

    /// <summary>Grains compile against the declarations: the process that hosts them alone knows the runtime.</summary>
    [Fact]
    public void Only_the_host_refers_to_the_runtime()
    {
        var referring = Directory.EnumerateFiles(Sources, "*.csproj", SearchOption.AllDirectories)
            .Where(project => File.ReadAllText(project).Contains("Engine.Embedded.csproj", StringComparison.Ordinal));

        Assert.Equal("Silo.csproj", Path.GetFileName(Assert.Single(referring)));
    }

    /// <summary>Every line that is neither blank nor a comment is code.</summary>
    private static bool HasCode(string line) => !NoCode().IsMatch(line);

    private static Regex Documented(string project) => new($@"^\| `src/{Regex.Escape(project)}` \|.*\| ([\d,]+) \|$", RegexOptions.Multiline);

    [GeneratedRegex(@"^\s*(//.*)?$")]
    private static partial Regex NoCode();

    [GeneratedRegex("^[^/]+/(bin|obj)/")]
    private static partial Regex Built();
}
