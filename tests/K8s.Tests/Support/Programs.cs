using System.Diagnostics;
using KVCluster.TestSupport;

namespace KVCluster.K8s.Tests;

/// <summary>Programs of other people that some tests need: there is no package of kubectl in the usual registries, so without it they skip.</summary>
internal static class Programs
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static string? KubectlSkip { get; } = Has("kubectl") ? null : "needs kubectl, which is not on the path";

    /// <summary>Where tests/install-k8s-schemas.sh puts the schemas.</summary>
    public static string Schemas { get; } = Path.Combine(TestPaths.Repository, "artifacts", "k8s-schemas");

    public static string? SchemaSkip { get; } = KubectlSkip
        ?? (!Has("node") ? "needs node, which is not on the path"
            : Directory.Exists(Path.Combine(Schemas, "node_modules", "typescript")) ? null : "needs the schemas that tests/install-k8s-schemas.sh fetches");

    /// <summary>What a program wrote; fails with its errors where it did.</summary>
    public static string Run(string program, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            Assert.Fail($"{program} did not end");
        }

        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error.Result}");
        return output.Result;
    }

    private static bool Has(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));
}

/// <summary>A theory that needs kubectl.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class KubectlTheoryAttribute : TheoryAttribute
{
    public KubectlTheoryAttribute() => Skip = Programs.KubectlSkip!;
}

/// <summary>A fact that needs kubectl.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class KubectlFactAttribute : FactAttribute
{
    public KubectlFactAttribute() => Skip = Programs.KubectlSkip!;
}

/// <summary>A theory that needs kubectl, node and the schemas.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SchemaTheoryAttribute : TheoryAttribute
{
    public SchemaTheoryAttribute() => Skip = Programs.SchemaSkip!;
}
