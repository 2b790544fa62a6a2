using System.Text.RegularExpressions;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Terminals;
using KVCluster.Silo.Verbs;
using KVCluster.TestSupport;

namespace KVCluster.K8s.Tests.Manifests;

/// <summary>The container files, read as text: there is no container engine in a test.</summary>
public sealed class ContainerFileTests
{
    private static readonly string Folder = Path.Combine(Rendered.Folder, "images");

    [Theory]
    [InlineData("worker")]
    [InlineData("gateway")]
    public void An_image_is_built_in_stages_of_bases_given_by_the_builder_and_runs_as_nobody(string image)
    {
        string[] lines = Lines(image);
        string[] bases = [.. lines.Where(line => line.StartsWith("FROM ", StringComparison.Ordinal))];
        Assert.Equal(["FROM ${SDK_IMAGE} AS build", "FROM ${RUNTIME_IMAGE}"], bases);
        Assert.Contains("ARG SDK_IMAGE", lines);
        Assert.Contains("ARG RUNTIME_IMAGE", lines);
        Assert.Contains("USER 1654:1654", lines);
        Assert.Contains(lines, line => line.StartsWith("COPY --from=build ", StringComparison.Ordinal));
        Assert.Equal("1654", (string?)WorkerUser().ToString());
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("gateway")]
    public void The_engine_is_orleans_and_the_project_and_verbs_are_there(string image)
    {
        string text = string.Join('\n', Lines(image));
        Assert.Contains("-p:ClusterEngine=orleans", text, StringComparison.Ordinal);
        string project = Regex.Match(text, @"dotnet publish (\S+)").Groups[1].Value;
        Assert.True(File.Exists(Path.Combine(TestPaths.Repository, project)), project);
        HashSet<string> verbs = Verbs();
        foreach (string instruction in (string[])["CMD [\"", "HEALTHCHECK"])
        {
            string line = Lines(image).Last(l => l.StartsWith(instruction, StringComparison.Ordinal));
            Assert.Contains(Regex.Matches(line, "\"([a-z]+)\"").Last().Groups[1].Value, verbs);
        }
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("gateway")]
    public void Ports_are_the_manifests(string image) => Assert.Contains("EXPOSE 8080 11111 30000", Lines(image));

    [Theory]
    [InlineData("worker")]
    [InlineData("gateway")]
    public void What_was_built_here_does_not_go_into_the_image(string image)
    {
        string[] ignored = File.ReadAllLines(Path.Combine(Folder, $"{image}.Dockerfile.dockerignore"));
        Assert.All((string[])[".git", "**/bin", "**/obj", "artifacts"], path => Assert.Contains(path, ignored));
    }

    private static int WorkerUser() => (int)YamlObjects.Read(File.ReadAllText(Path.Combine(Rendered.Folder, "base", "worker.yaml")))
        [0]["spec"]!["template"]!["spec"]!["securityContext"]!["runAsUser"]!;

    private static HashSet<string> Verbs()
    {
        using Interrupt interrupt = new();
        Terminal terminal = new(TextReader.Null, TextWriter.Null, TextWriter.Null);
        return [.. KvClusterCommand.Create(terminal, interrupt).Subcommands.Select(command => command.Name)];
    }

    /// <summary>Instructions, continued lines joined, comments left out.</summary>
    private static string[] Lines(string image) =>
        [.. File.ReadAllText(Path.Combine(Folder, $"{image}.Dockerfile")).Replace("\\\n", " ", StringComparison.Ordinal)
            .Split('\n').Select(line => Regex.Replace(line.Trim(), " +", " ")).Where(line => line.Length > 0 && line[0] != '#')];
}
