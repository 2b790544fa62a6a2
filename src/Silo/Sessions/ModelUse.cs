using KVCluster.Silo.Options;
using KVCluster.Worker;

namespace KVCluster.Silo.Sessions;

/// <summary>The model a run used.</summary>
internal sealed record ModelUse
{
    public required string Path { get; init; }

    public required string Architecture { get; init; }

    public required string Fingerprint { get; init; }

    /// <summary>How keys and values are stored: "f32", "bf16" or "int8".</summary>
    public required string Kv { get; init; }

    public required int Threads { get; init; }

    public required double LoadSeconds { get; init; }

    public static ModelUse Of(LocalModel model, ModelChoice choice, double loadSeconds) => new()
    {
        Path = choice.Path,
        Architecture = model.Config.Family,
        Fingerprint = model.Fingerprint,
        Kv = ModelOptionSet.NameOf(choice.KvType),
        Threads = choice.Threads,
        LoadSeconds = loadSeconds,
    };
}
