using KVCluster.Grains;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Gateway;

/// <summary>Counts a request's tokens: the prompt once, all answers.</summary>
internal static class AnswerUsage
{
    public static UsageBody Of(IReadOnlyList<AnswerCollector> answers)
    {
        TurnResult? first = answers[0].Result;
        int prompt = first is null ? 0 : first.HistoryTokens + first.PromptTokens;
        return UsageBody.Of(prompt, first?.CachedTokens ?? 0, answers.Sum(a => a.Result?.AnswerTokens ?? 0));
    }
}
