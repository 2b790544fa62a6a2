using System.Globalization;
using KVCluster.Silo.Sessions;

namespace KVCluster.Silo.Rendering;

/// <summary>Measured things in a line of text each.</summary>
internal static class Figures
{
    /// <summary>A prompt and its answer: tokens, rates, and why it ended.</summary>
    public static string Turn(Prefill prompt, Answer answer) =>
        $"[prompt {Read(prompt)}; answer {answer.Tokens.Count} tokens, {Amount.Rate(answer.TokensPerSecond)}, {answer.Finish}]";

    /// <summary>What was read and how fast.</summary>
    public static string Read(Prefill prefill) =>
        $"{Amount.Count(prefill.Tokens)} tokens in {Amount.Seconds(prefill.Seconds)}, {Amount.Rate(prefill.TokensPerSecond)}";

    /// <summary>A compression: bytes, slots, attention dropped, seconds.</summary>
    public static string Compression(CompressionRecord record)
    {
        string dropped = record.DroppedMass is { } mass
            ? string.Create(CultureInfo.InvariantCulture, $", {mass * 100:0.0} % of the scored attention dropped")
            : "";
        return $"[{record.Policy} keeps {Options.Retention.Percent(record.Keep)} of {record.Tokens:N0} tokens: "
            + $"{Amount.Bytes(record.BytesBefore)} -> {Amount.Bytes(record.BytesAfter)}{dropped}; "
            + $"scoring {Amount.Seconds(record.ScoringSeconds)}, planning {Amount.Seconds(record.PlanSeconds)}, "
            + $"freeing {Amount.Seconds(record.ApplySeconds)}]";
    }

    /// <summary>A token, its log-probability and its alternatives.</summary>
    public static string Score(TokenScore score)
    {
        string alternatives = string.Join(' ', (score.Alternatives ?? []).Select(Short));
        return alternatives.Length > 0 ? $"{Short(score)}  of {alternatives}" : Short(score);
    }

    private static string Short(TokenScore score) =>
        $"{Quote(score.Text)} {score.LogProbability?.ToString("0.000", CultureInfo.InvariantCulture) ?? "-inf"}";

    private static string Quote(string text) => $"'{text.Replace("\n", "\\n", StringComparison.Ordinal)}'";
}
