using System.Text.Json;
using KVCluster.Worker;

namespace KVCluster.Silo.Sessions;

/// <summary>One generated answer.</summary>
internal sealed record Answer
{
    public required string Text { get; init; }

    /// <summary>Ids of all generated tokens, those that ended it included.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>Why it ended: "end-token", "stop-string", "max-tokens", "context-full", "arena-full" or "cancelled".</summary>
    public required string Finish { get; init; }

    public string? StopString { get; init; }

    /// <summary>Seed of the sampler, to get the same answer again.</summary>
    public required ulong Seed { get; init; }

    public required double Seconds { get; init; }

    public required double TokensPerSecond { get; init; }

    /// <summary>A token each, where they were asked for.</summary>
    public IReadOnlyList<TokenScore>? LogProbabilities { get; init; }

    public static Answer Of(Completion completion, IReadOnlyList<TokenScore>? logProbabilities) => new()
    {
        Text = completion.Text,
        Tokens = completion.Tokens,
        Finish = NameOf(completion.Reason),
        StopString = completion.StopString,
        Seed = completion.Seed,
        Seconds = completion.Seconds,
        TokensPerSecond = completion.TokensPerSecond,
        LogProbabilities = logProbabilities,
    };

    public static string NameOf(FinishReason reason) => JsonNamingPolicy.KebabCaseLower.ConvertName(reason.ToString());
}
