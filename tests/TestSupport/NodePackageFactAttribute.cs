using System.Diagnostics;
using Xunit;

namespace KVCluster.TestSupport;

/// <summary>
/// A fact that needs Node.js and a package of its registry; skips where there is no node or the registry cannot be reached, but in CI.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodePackageFactAttribute : FactAttribute
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public NodePackageFactAttribute(string package)
    {
        Skip = (Environment.GetEnvironmentVariable("CI") == "true" ? null
            : Run("node", ["--version"], "") is null ? "needs node"
            : Run("npm", ["view", package, "version"], "") is null ? $"needs a registry that has {package}"
            : null)!;
    }

    /// <summary>What a program prints, or null where it is missing, fails or takes too long.</summary>
    public static string? Run(string program, string[] arguments, string folder)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill(entireProcessTree: true);
                return null;
            }

            process.WaitForExit();
            return process.ExitCode == 0 ? output.GetAwaiter().GetResult() : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
