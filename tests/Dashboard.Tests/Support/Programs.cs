using System.Diagnostics;

namespace KVCluster.Dashboard.Tests.Support;

/// <summary>Programs of the system that tests use where they are installed.</summary>
internal static class Programs
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Where a program is; null: not on the path.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Why a test that needs a program skips; null: it must run. Programs come with the system: where they cannot be installed, the tests say so.</summary>
    public static string? SkipReason(string name) =>
        Find(name) is not null ? null : $"needs {name} on the path (tests/install-chromium.sh)";

    /// <summary>Runs a program to its end.</summary>
    public static (int Exit, string Output) Run(string name, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{name} took over {Patience}");
        }

        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
    }
}

/// <summary>A fact that needs chromium.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Programs.SkipReason("chromium")!;
}

/// <summary>A fact that needs chromium and axe-core from npm.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AxeFactAttribute : FactAttribute
{
    public AxeFactAttribute() => Skip = (Programs.SkipReason("chromium") ?? AxeCore.SkipReason)!;
}

/// <summary>A fact that needs Prometheus' promtool.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PromtoolFactAttribute : FactAttribute
{
    public PromtoolFactAttribute() => Skip = Programs.SkipReason("promtool")!;
}

/// <summary>A fact that needs util-linux' <c>script</c>, which runs a program in a pseudo terminal.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PseudoTerminalFactAttribute : FactAttribute
{
    public PseudoTerminalFactAttribute() => Skip = (Programs.Find("script") is null || Programs.Find("dotnet") is null ? "needs script (util-linux) and dotnet on the path" : null)!;
}

/// <summary>A fact that only runs when its variable is set: it writes files of the repository.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ScreenshotFactAttribute : FactAttribute
{
    public const string Variable = "KVCLUSTER_SCREENSHOTS";

    public ScreenshotFactAttribute() => Skip = (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } ? Programs.SkipReason("chromium") : $"set {Variable}=1 to write docs/images")!;
}
