using System.Diagnostics;
using KVCluster.TestSupport;

namespace KVCluster.Engine.Hosting.Tests;

/// <summary>Runs the dotnet command in the repository, with a package cache and an output folder of its own and no package source.</summary>
internal sealed class DotnetCommand : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kvcluster-build-");

    /// <summary>A restore or build that finds no package anywhere.</summary>
    public Task<(int ExitCode, string Output)> BuildAsync(params string[] arguments)
    {
        DirectoryInfo none = _folder.CreateSubdirectory("no-packages");
        return RunAsync([.. arguments, $"-p:RestoreSources={none.FullName}", $"-p:ArtifactsPath={Path.Combine(_folder.FullName, "artifacts")}"]);
    }

    /// <summary>What MSBuild reads of a project, without building it.</summary>
    public Task<(int ExitCode, string Output)> EvaluateAsync(string project, params string[] arguments) => RunAsync(["msbuild", project, .. arguments]);

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<(int ExitCode, string Output)> RunAsync(string[] arguments)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            WorkingDirectory = TestPaths.Repository,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in arguments.Append("-nologo"))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["NUGET_PACKAGES"] = Path.Combine(_folder.FullName, "packages");
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Deadline);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output + await errors);
    }
}
