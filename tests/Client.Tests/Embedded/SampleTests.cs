using System.Diagnostics;
using KVCluster.TestSupport;

namespace KVCluster.Client.Tests.Embedded;

/// <summary>The sample as a process of its own.</summary>
public sealed class SampleTests
{
    [Fact]
    public async Task The_sample_runs_and_finds_the_facts()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Conversation.dll");
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [program, TestPaths.Needle])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));

        Assert.True(process.ExitCode == 0, await error);
        Assert.Contains("48213", output, StringComparison.Ordinal);
        Assert.Contains("0c46-d1fb", output, StringComparison.Ordinal);
        Assert.EndsWith("0 sessions are left\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }
}
