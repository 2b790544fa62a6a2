namespace KVCluster.Engine.Hosting.Tests;

public sealed class OrleansBuildTests : IDisposable
{
    private const string EngineProject = "src/Engine.Orleans/Engine.Orleans.csproj";

    private readonly DotnetCommand _dotnet = new();

    public void Dispose() => _dotnet.Dispose();

    [Theory]
    [InlineData(EngineProject)]
    [InlineData("KVCluster.sln")]
    public async Task Without_a_feed_one_error_names_every_missing_package(string target)
    {
        var (exitCode, output) = await _dotnet.BuildAsync("build", target, "-p:ClusterEngine=orleans");
        Assert.NotEqual(0, exitCode);
        string error = Assert.Single(output.Split('\n').Where(line => line.Contains("error ", StringComparison.Ordinal)).Distinct());
        Assert.Contains("KVC0001", error, StringComparison.Ordinal);
        Assert.Contains("-p:RestoreAdditionalSources=", error, StringComparison.Ordinal);
        Assert.All(
            (string[])["Server", "Client", "Sdk", "Clustering.Redis", "Persistence.Redis", "GrainDirectory.Redis"],
            package => Assert.Matches($@"Microsoft\.Orleans\.{package}[,.] ", error));
    }

    [Fact]
    public async Task An_engine_that_does_not_exist_is_refused_by_name()
    {
        var (exitCode, output) = await _dotnet.BuildAsync("restore", EngineProject, "-p:ClusterEngine=akka");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("ClusterEngine is 'akka'; it is embedded (the default) or orleans.", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("src/Grains.Abstractions/Grains.Abstractions.csproj")]
    [InlineData("src/Grains/Grains.csproj")]
    [InlineData(EngineProject)]
    public async Task The_default_build_asks_for_no_Orleans_package(string project)
    {
        var (exitCode, output) = await _dotnet.EvaluateAsync(project, "-p:ClusterEngine=embedded", "-getItem:PackageReference");
        Assert.Equal(0, exitCode);
        Assert.Contains("\"PackageReference\"", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Microsoft.Orleans", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_two_builds_share_no_folder()
    {
        string[] properties = ["-getProperty:OutputPath", "-getProperty:IntermediateOutputPath"];
        var (_, embedded) = await _dotnet.EvaluateAsync(EngineProject, ["-p:ClusterEngine=embedded", .. properties]);
        var (_, orleans) = await _dotnet.EvaluateAsync(EngineProject, ["-p:ClusterEngine=orleans", .. properties]);
        Assert.Matches(@"""OutputPath"": ""bin[/\\]", embedded);
        Assert.Matches(@"""IntermediateOutputPath"": ""obj[/\\]", embedded);
        Assert.Matches(@"""OutputPath"": "".*[/\\]artifacts[/\\]+orleans[/\\]+bin[/\\]", orleans);
        Assert.Matches(@"""IntermediateOutputPath"": "".*[/\\]artifacts[/\\]+orleans[/\\]+obj[/\\]", orleans);
    }
}
