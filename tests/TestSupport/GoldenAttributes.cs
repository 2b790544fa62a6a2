using Xunit;

namespace KVCluster.TestSupport;

/// <summary>A fact that needs a part of the goldens; skips, saying so, only where <see cref="TestPaths.SkipReason"/> allows it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GoldenFactAttribute : FactAttribute
{
    public GoldenFactAttribute(string part, bool needsSmolLm2 = false)
    {
        Skip = GoldenRequirement.Skip(part, needsSmolLm2)!;
    }
}

/// <summary>A theory over cases found in a part of the goldens.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GoldenTheoryAttribute : TheoryAttribute
{
    public GoldenTheoryAttribute(string part, bool needsSmolLm2 = false)
    {
        Skip = GoldenRequirement.Skip(part, needsSmolLm2)!;
    }
}

internal static class GoldenRequirement
{
    /// <summary>Parts joined by '|' are alternatives: any one of them gives cases.</summary>
    public static string? Skip(string part, bool needsSmolLm2) =>
        part.Split('|').Select(p => TestPaths.SkipReason(Path.Combine(TestPaths.Goldens, p))).MinBy(reason => reason is null ? 0 : 1)
        ?? (needsSmolLm2 ? TestPaths.SkipReason(TestPaths.SmolLm2 ?? Path.Combine(TestPaths.Models, "SmolLM2-135M-Instruct*.gguf")) : null);
}
