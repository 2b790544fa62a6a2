namespace KVCluster.Inference.Torch.Attention;

/// <summary>Lanes of nearly one length that attend together in one layer; offsets are into the step's index buffer.</summary>
internal sealed record LaneGroup
{
    /// <summary>Lanes.</summary>
    public required int Lanes { get; init; }

    /// <summary>Queries of each lane.</summary>
    public required int Queries { get; init; }

    /// <summary>Pages of the longest.</summary>
    public required int Pages { get; init; }

    /// <summary>Slots of the longest, those of the step included.</summary>
    public required int Slots { get; init; }

    /// <summary>Slots of the shortest, those of the step included.</summary>
    public required int LeastSlots { get; init; }

    /// <summary>[lanes] numbers of the lanes in their job; negative: all of them, in order.</summary>
    public required int Order { get; init; }

    /// <summary>[lanes] rows of the block tables.</summary>
    public required int TableRows { get; init; }

    /// <summary>[lanes, queries] behind the last slot seen.</summary>
    public required int Ends { get; init; }

    /// <summary>[lanes, queries] first slot seen; negative: all from 0.</summary>
    public required int Begins { get; init; }

    /// <summary>[lanes, <see cref="BiasRows"/>] rows of bias floats, one too many for lanes without; negative: no lane has any.</summary>
    public required int Biases { get; init; }

    /// <summary>Rows of bias floats a lane.</summary>
    public required int BiasRows { get; init; }

    /// <summary>[lanes] 1 where a lane has biases.</summary>
    public required int HasBiases { get; init; }

    /// <summary>Who wants the probabilities.</summary>
    public required IReadOnlyList<ObservedLanes> Observed { get; init; }
}

/// <summary>Lanes of a group whose attention is kept.</summary>
/// <param name="Aggregation">How queries are joined.</param>
/// <param name="From">The first query observed.</param>
/// <param name="Lanes">[count] numbers in the group; negative: all.</param>
/// <param name="TableRows">[count] rows of the block tables.</param>
/// <param name="Count">Lanes.</param>
internal sealed record ObservedLanes(Compression.QueryAggregation Aggregation, int From, int Lanes, int TableRows, int Count);
