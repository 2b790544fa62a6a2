namespace KVCluster.Grains;

/// <summary>A turn that the device has made and that is not durable yet.</summary>
internal sealed record TurnOutcome
{
    public required int[] Prompt { get; init; }

    public int[] Answer { get; init; } = [];

    public string Text { get; init; } = "";

    public required TurnFinish Finish { get; init; }

    public int Cached { get; init; }

    public string? StopString { get; init; }

    public ulong? Seed { get; init; }

    /// <summary>Whether the prompt leaves the user's message open.</summary>
    public bool LeavesMessageOpen { get; init; }

    public CompressionEntry[] Compressions { get; init; } = [];

    public required string Node { get; init; }

    public required DateTimeOffset Ended { get; init; }
}
