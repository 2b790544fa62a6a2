namespace KVCluster.Silo.Demo;

/// <summary>A way to live with too little memory.</summary>
/// <param name="Name">In tables.</param>
/// <param name="Says">What it does, in a line.</param>
/// <param name="CompressesByItself">Whether devices cut caches when memory gets short.</param>
/// <param name="WindowShare">Share of each document kept at its beginning and end as soon as it is read; 1: all.</param>
internal sealed record DemoWay(string Name, string Says, bool CompressesByItself, double WindowShare)
{
    /// <summary>What leaves is computed again when its turn comes.</summary>
    public static readonly DemoWay Whole = new("no compression", "whole caches; those unused longest leave, and are computed again", false, 1);

    /// <summary>Sinks and recent tokens only, so that all fit.</summary>
    public static readonly DemoWay Window = new("sliding window", "each document's first and last tokens only", false, 0.2);

    /// <summary>What this project does.</summary>
    public static readonly DemoWay KvCompose = new("KVCompose", "above the high watermark the least attended tokens of all caches go", true, 1);

    public static IReadOnlyList<DemoWay> All { get; } = [Whole, Window, KvCompose];
}
