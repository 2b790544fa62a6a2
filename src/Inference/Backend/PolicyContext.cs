using KVCluster.Compression.Policies;

namespace KVCluster.Inference.Backend;

/// <summary>What a conversation's owner knows and a backend does not, for policies that ask.</summary>
/// <param name="History">Token ids of the whole conversation; longer than the cache's logical length only where positions were closed up.</param>
public sealed record PolicyContext(ReadOnlyMemory<int> History)
{
    /// <summary>Prompts for policies that score by a task's attention.</summary>
    public IReadOnlyList<ReadOnlyMemory<int>> TaskPrompts { get; init; } = [];

    /// <summary>How the conversation's cache observes attention; null where it does not.</summary>
    public ObservationOptions? Observation { get; init; }

    /// <summary>The words that ask the model to repeat its context; null where none are at hand.</summary>
    public ReconstructionPrompts? Reconstruction { get; init; }

    /// <summary>The kind of a token id, from the tokenizer; null where nobody knows.</summary>
    public Func<int, TokenKind>? KindOf { get; init; }

    /// <summary>The model's calibration; null where there is none.</summary>
    public HeadCalibration? Calibration { get; init; }

    /// <summary>Queries a step of a pass: bounds the time between two looks at cancellation, not the result.</summary>
    public int ChunkTokens { get; init; } = 512;
}

/// <summary>Token ids of KVzip's prompts. A replay is First (or Later and the postfix of the chunk before), then Suffix, then the chunk.</summary>
/// <param name="First">"\n\nRepeat the previous context exactly."</param>
/// <param name="Later">"\n\nRepeat the part of the previous context exactly, starting with"</param>
/// <param name="Suffix">A newline.</param>
public sealed record ReconstructionPrompts(ReadOnlyMemory<int> First, ReadOnlyMemory<int> Later, ReadOnlyMemory<int> Suffix)
{
    /// <summary>The first so many tokens, a chat template's frame, are neither repeated nor scored.</summary>
    public int Skip { get; init; }
}
