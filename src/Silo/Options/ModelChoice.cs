using KVCluster.Inference.Kv;

namespace KVCluster.Silo.Options;

/// <summary>The model a verb runs on and how.</summary>
internal sealed record ModelChoice
{
    public required string Path { get; init; }

    /// <summary>No model was named: it is the one that comes with the program.</summary>
    public required bool Bundled { get; init; }

    public required KvElementType KvType { get; init; }

    public required int Threads { get; init; }

    /// <summary>Null: the one that lies beside the model, if one does.</summary>
    public string? CalibrationFile { get; init; }

    /// <summary>0: as the model has it.</summary>
    public required int ContextTokens { get; init; }
}
