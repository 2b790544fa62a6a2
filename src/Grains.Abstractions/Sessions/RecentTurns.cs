namespace KVCluster.Grains;

/// <summary>The last turns of a session, as they are kept to be answered again.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.RecentTurns")]
public sealed record RecentTurns
{
    /// <summary>Turns acknowledged before the first of <see cref="Turns"/>.</summary>
    [Id(0)]
    public required long First { get; init; }

    /// <summary>Oldest first.</summary>
    [Id(1)]
    public required TurnRecord[] Turns { get; init; }

    /// <summary>The turn of a number, counted from 0; null where it is no longer kept or was not made.</summary>
    public TurnRecord? Find(long turn) => turn >= First && turn - First < Turns.Length ? Turns[turn - First] : null;
}
