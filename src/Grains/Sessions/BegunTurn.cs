namespace KVCluster.Grains;

/// <summary>
/// A turn that was cut in its middle because its node had to leave: no part of the history, but the same request goes on from here. The next
/// turn that becomes durable takes its place.
/// </summary>
[GenerateSerializer, Immutable, Alias("KVCluster.BegunTurn")]
public sealed record BegunTurn
{
    /// <summary>The request's idempotency key.</summary>
    [Id(0)]
    public required string Key { get; init; }

    /// <summary>The request's hash.</summary>
    [Id(1)]
    public required string Hash { get; init; }

    /// <summary>Tokens it adds before the answer (<see cref="TokenBytes"/>).</summary>
    [Id(2)]
    public required byte[] Prompt { get; init; }

    /// <summary>How many tokens that is.</summary>
    [Id(3)]
    public required int PromptTokens { get; init; }

    /// <summary>Tokens of the answer that were made (<see cref="TokenBytes"/>).</summary>
    [Id(4)]
    public required byte[] Answer { get; init; }

    /// <summary>How many tokens that is.</summary>
    [Id(5)]
    public required int AnswerTokens { get; init; }

    /// <summary>The sampler's seed.</summary>
    [Id(6)]
    public ulong? Seed { get; init; }
}
