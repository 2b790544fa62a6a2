using System.Text.Json;
using KVCluster.Inference.Sampling;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Tests.Goldens;
using Xunit.Abstractions;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>The reference conversations of several turns, eight at a time through one worker.</summary>
[Trait("Category", "Goldens")]
public sealed class ServingGoldens(ITestOutputHelper output)
{
    private const string SmolLm2Turns = "smollm2/multiturn.json";
    private const string NeedleTurns = "needle/turns-512.jsonl";

    /// <summary>Tokens at which the reference's answers were cut (training/evaluate.py).</summary>
    private const int AnswerLimit = 128;

    private const int Together = 8;

    [TestSupport.GoldenFact(SmolLm2Turns, needsSmolLm2: true)]
    public async Task Smollm2s_conversations_are_the_references_together()
    {
        JsonElement[] all = [.. GoldenFiles.Json(SmolLm2Turns).GetProperty("conversations").EnumerateArray()];
        JsonElement[] goldens = [.. Enumerable.Range(0, Together).Select(i => all[i % all.Length])];
        int tokens = goldens.Sum(c => c.GetProperty("stream_ids").GetArrayLength());
        using LocalModel model = GoldenFiles.OpenSmolLm2(tokens + (goldens.Length * 512));
        Exchange[][] conversations = [.. goldens.Select(golden => golden.GetProperty("turns").EnumerateArray()
            .Select(turn => new Exchange(
                GoldenFiles.Integers(turn.GetProperty("append_ids")), GoldenFiles.Integers(turn.GetProperty("answer_ids"))))
            .ToArray())];
        await Follow(model, conversations);
    }

    [TestSupport.GoldenFact(NeedleTurns)]
    public async Task The_bundled_models_conversations_are_the_references_together()
    {
        using LocalModel model = NeedleFixture.Open(contextTokens: 3 * 12288);
        var framing = new ChatFraming(model);
        JsonElement[] samples = [.. GoldenFiles.Lines(GoldenFiles.Path(NeedleTurns))];
        foreach (JsonElement[] some in samples.Take(GoldenFiles.AllSamples ? int.MaxValue : 2 * Together).Chunk(Together))
        {
            await Follow(model, [.. some.Select(sample => Exchanges(model, framing, sample))]);
        }
    }

    private static Exchange[] Exchanges(LocalModel model, ChatFraming framing, JsonElement sample)
    {
        int end = model.Tokenizer.FindToken("<|im_end|>")!.Value;
        List<Exchange> exchanges = [];
        bool ended = false;
        foreach (JsonElement turn in sample.GetProperty("turns").EnumerateArray())
        {
            string user = turn.GetProperty("user").GetString()!;
            int[] prompt = exchanges.Count == 0 ? framing.FirstTurn(null, null, user).Question : framing.NextTurn(user, ended);
            int[] answer = GoldenFiles.Integers(turn.GetProperty("answer_tokens"));
            ended = answer.Length < AnswerLimit;
            exchanges.Add(new Exchange(prompt, ended ? [.. answer, end] : answer));
        }

        return [.. exchanges];
    }

    private async Task Follow(LocalModel model, Exchange[][] conversations)
    {
        await using var worker = new DeviceWorker(model, ServingFixture.Plain);
        int[] nearTies = await Task.WhenAll(conversations.Select((exchanges, i) => Follow(worker, $"s{i}", exchanges)));
        int turns = conversations.Sum(c => c.Length);
        Assert.True(turns > conversations.Length);
        output.WriteLine($"{turns} turns of {conversations.Length} conversations, {nearTies.Sum()} left at a near tie");
    }

    /// <summary>Turns that parted from the reference where two tokens were as good as equally probable; elsewhere none may.</summary>
    private static async Task<int> Follow(DeviceWorker worker, string session, Exchange[] exchanges)
    {
        int[] history = [];
        int nearTies = 0;
        foreach (Exchange exchange in exchanges)
        {
            var request = new TurnRequest
            {
                Session = ServingFixture.Key(session),
                Epoch = 1,
                History = history,
                Prompt = exchange.Prompt,
                Sampling = new SamplingOptions { MaxTokens = exchange.Answer.Length, LogProbabilities = 2 },
            };
            nearTies += await Answer(worker, request, exchange.Answer, session) ? 0 : 1;
            history = [.. history, .. exchange.Prompt, .. exchange.Answer];
        }

        return nearTies;
    }

    private static async Task<bool> Answer(DeviceWorker worker, TurnRequest request, int[] expected, string what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        int step = 0;
        await foreach (TurnEvent happened in worker.RunAsync(request, patience.Token))
        {
            if (happened is not TurnPiece(GeneratedPiece piece))
            {
                continue;
            }

            float gap = piece.TopLogProbabilities[0].LogProbability - piece.TopLogProbabilities[1].LogProbability;
            if (piece.Token != expected[step])
            {
                Assert.True(gap < AnswerCheck.SafeGap, $"{what}: {piece.Token} at {step} instead of {expected[step]}, gap {gap:g3}");
                return false;
            }

            step++;
        }

        Assert.Equal(expected.Length, step);
        return true;
    }

    private sealed record Exchange(int[] Prompt, int[] Answer);
}
