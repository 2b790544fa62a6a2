using KVCluster.Evaluation.Scenarios;

namespace KVCluster.Silo.Simulating;

/// <summary>
/// A scenario in the sizes it is replayed in: so many tokens of the file are one token of a cache, and the bytes of one are the few that a
/// cache of <see cref="SimulatedModel"/> has. Speeds shrink alike, so that times stay as they are.
/// </summary>
internal sealed class SimulationScale(Scenario scenario)
{
    private const int LeastPageTokens = 16;
    private readonly int _factor = scenario.Model.LengthFactor;

    /// <summary>Bytes of the file that one byte of the arena stands for.</summary>
    public double BytesOfOne { get; } =
        (double)scenario.Model.TokenBytes * scenario.Model.LengthFactor / (scenario.Model.Rows * SimulatedModel.RowBytes);

    /// <summary>Tokens of a page.</summary>
    public int PageTokens { get; } = Math.Max(
        LeastPageTokens, scenario.Model.PageTokens / scenario.Model.LengthFactor / LeastPageTokens * LeastPageTokens);

    /// <summary>Longest conversation that the file allows, and an answer beyond it.</summary>
    public int ContextTokens => scenario.Arrivals.Max(group =>
        Tokens(group.DocumentTokens.Max) + ((group.Turns.Max + 1) * (Tokens(group.PromptTokens.Max) + Tokens(group.AnswerTokens.Max))));

    /// <summary>Tokens of a cache for tokens of the file: at least one.</summary>
    public int Tokens(int tokens) => Math.Max(1, (tokens + _factor - 1) / _factor);

    /// <summary>Tokens a second.</summary>
    public double TokenSpeed(double tokensPerSecond) => tokensPerSecond / _factor;

    /// <summary>Bytes of the arena.</summary>
    public long Arena(long bytes) => (long)(bytes / BytesOfOne);

    /// <summary>Bytes of the arena a second.</summary>
    public double ByteSpeed(double bytesPerSecond) => bytesPerSecond / BytesOfOne;

    /// <summary>Bytes as the file counts them.</summary>
    public long Bytes(long arena) => (long)(arena * BytesOfOne);
}
