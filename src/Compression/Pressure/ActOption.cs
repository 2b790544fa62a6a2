namespace KVCluster.Compression.Pressure;

/// <summary>The best that can be done with one session at a price.</summary>
internal readonly record struct ActOption(ActKind Kind, long Freed, double Cost, long Position)
{
    public static ActOption None { get; } = new(ActKind.None, 0, 0, 0);

    public double CostPerByte => Freed == 0 ? 0 : Cost / Freed;
}

/// <summary>Kinds of act, in the order in which they are carried out and in which equal costs are decided.</summary>
internal enum ActKind
{
    Drop,
    CompressIdle,
    CompressActive,
    Demote,
    Wait,
    None,
}
