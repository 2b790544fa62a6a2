using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using KVCluster.TestSupport;

namespace KVCluster.Silo.Tests;

/// <summary>The built executable as a process of its own.</summary>
public partial class ProgramTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    [Fact]
    public void It_says_its_version_and_verbs()
    {
        (int code, string output, string error) = Run("--help");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("compare", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_bundled_model_lies_beside_it()
    {
        (int code, string output, string error) = Run("chat", "--json", "--question", "Hello!");
        Assert.True(code == 0, error);
        Assert.Equal("", error);
        using JsonDocument report = JsonDocument.Parse(output);
        Assert.Equal(1, report.RootElement.GetProperty("turns").GetArrayLength());
    }

    [Fact]
    public void A_missing_model_is_bad_input() =>
        AssertRefused(Run("generate", "--model", "/no/such.gguf", "--prompt", "Hi"), "/no/such.gguf");

    [Fact]
    public void A_truncated_gguf_is_bad_input()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("short.gguf", [.. "GGUF"u8, 3, 0, 0, 0, 5, 0, 0, 0]);
        AssertRefused(Run("model", "info", path), path);
    }

    [Fact]
    public void An_unknown_option_is_bad_input() => AssertRefused(Run("compare", "--fast"), "--fast");

    [Theory]
    [InlineData(2, 130)]
    [InlineData(15, 143)]
    public async Task A_signal_stops_a_generation_cleanly(int signal, int exitCode)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using Process process = Start(
            "generate", "--model", TestPaths.Needle, "--prompt", "The baker", "--temperature", "2", "--max-tokens", "100000");
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        Assert.NotEqual(-1, process.StandardOutput.Read());
        Assert.Equal(0, Kill(process.Id, signal));
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(s_patience);
        Assert.Equal(exitCode, process.ExitCode);
        Assert.DoesNotContain("   at ", await error, StringComparison.Ordinal);
    }

    private static void AssertRefused((int Code, string Output, string Error) run, string mentioned) =>
        new CommandRun(run.Code, run.Output, run.Error).AssertRefused(mentioned);

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        using Process process = Start(args);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(s_patience));
        return (process.ExitCode, output, error.Result);
    }

    private static Process Start(params string[] args)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "kvcluster.dll");
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [program, .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
