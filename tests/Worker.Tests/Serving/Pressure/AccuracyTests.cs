using System.Text;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Pressure;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;
using Xunit.Abstractions;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>What cuts under pressure are worth: answers of the bundled model from documents that were cut before the question came.</summary>
public sealed class AccuracyTests(ITestOutputHelper output)
{
    private const int Sessions = 8;
    private const int FactsEach = 3;

    private static readonly string[] _names =
        ["amber-falcon", "rusty-hyena", "quiet-otter", "silver-badger", "mellow-heron", "brave-lynx", "dusty-raven", "golden-moose"];

    private static readonly string[] _filler =
    [
        "The cook was hungry because of the sunshine.", "Nobody in the hill saw the farmer.", "Life near the garden goes on as before.",
        "After the mist, the island looked thick.", "Every hunter wants a thick key.", "At noon the bakery was quiet.",
    ];

    [Fact]
    public async Task Answers_after_cuts_at_the_watermark_are_as_often_right_as_after_a_sliding_window_of_equal_bytes_at_least()
    {
        int[] uncut = new int[Sessions];
        int[] window = new int[Sessions];
        (int[] weighed, double[] shares, long weighedBytes) = await UnderPressure(uncut);
        long windowBytes = await ByWindow(shares, window);
        string figures = $"uncut {uncut.Sum()}, weighed {weighed.Sum()} at {weighedBytes} bytes, window {window.Sum()} at {windowBytes} bytes";

        output.WriteLine(figures);
        Assert.All(shares, share => Assert.InRange(share, 0.1, 0.75));
        Assert.True(windowBytes >= weighedBytes, figures);
        Assert.True(uncut.Sum() >= Sessions - 1, figures);
        Assert.True(weighed.Sum() >= window.Sum(), figures);
        Assert.True(weighed.Sum() >= Sessions - 2, figures);
    }

    [Fact]
    public async Task Busy_conversations_that_were_never_replayed_answer_about_what_nobody_asked_before()
    {
        // A document of about 600 tokens each: memory for three of the eight, and not a pause in which one could be replayed.
        DevicePressureOptions options = new() { Floors = new SessionFloors { Sinks = 4, Recents = 16 }, RestorePriority = null };
        await using var pressed = new PressedFixture(2048, options, new MemorySnapshotStore(), new DeviceWorkerOptions { IdleScores = null });
        int[][] histories = new int[Sessions][];
        int right = 0;
        for (int round = 0; round < FactsEach; round++)
        {
            int asked = round;
            bool[] answers = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(i => Ask(pressed.Serving, histories, i, asked)));
            right += answers.Count(answer => answer);
        }

        output.WriteLine($"{right} of {Sessions * FactsEach} right; {pressed.Status}");
        Assert.NotEmpty(pressed.Status.Events);
        Assert.True(right >= (Sessions * FactsEach) - 3, $"{right} right");
    }

    /// <summary>The next turn of a conversation about a document with several facts; in each round another is asked for.</summary>
    private static async Task<bool> Ask(ServingFixture serving, int[][] histories, int number, int round)
    {
        int fact = (number + round) % FactsEach;
        string question = $"What is the gate code for {_names[fact]}?";
        (int[] context, int[] ids) = serving.Framing.FirstTurn(null, Facts(number), question);
        bool isFirst = histories[number] is null;
        TurnRequest turn = isFirst
            ? serving.Turn($"s{number}", [], [.. context, .. ids])
            : serving.Turn($"s{number}", histories[number], serving.Framing.NextTurn(question, lastTurnEnded: true));
        TurnEnd end = await serving.Run(turn);
        histories[number] = [.. turn.History.Span, .. turn.Prompt.Span, .. end.Completion!.Tokens];
        return end.Completion.Text.Contains(Code((number * FactsEach) + fact), StringComparison.Ordinal);
    }

    private static string Facts(int number)
    {
        var text = new StringBuilder();
        for (int i = 0; i < 30; i++)
        {
            text.Append(_filler[(i + number) % _filler.Length]).Append(' ');
            text.Append(i % 10 == number % 10 ? $"The gate code for {_names[i / 10]} is {Code((number * FactsEach) + (i / 10))}. " : "");
        }

        return text.ToString().TrimEnd() + "\n\n";
    }

    /// <summary>Right answers after the real decisions, and the share of slots and the bytes that each session had left.</summary>
    private static async Task<(int[] Right, double[] Shares, long Bytes)> UnderPressure(int[] uncut)
    {
        DevicePressureOptions options = PressedFixture.Usual with { Floors = new SessionFloors { Sinks = 4, Recents = 16 } };
        await using var pressed = new PressedFixture(8192, options, options: new DeviceWorkerOptions());
        await ReadAll(pressed.Serving);
        for (int i = 0; i < Sessions; i++)
        {
            while (!await pressed.Serving.Worker.HasScoresAsync(ServingFixture.Key($"s{i}"), default))
            {
                await Task.Delay(5);
            }

            // Asked on a fork, which is then forgotten: the session itself has not seen its question.
            await Fork(pressed.Serving, i);
            uncut[i] = await IsRight(pressed.Serving, $"fork{i}", i);
            await pressed.Serving.Worker.CloseAsync(ServingFixture.Key($"fork{i}"), 1, deleteCold: false, default);
        }

        pressed.Pressure.Apply(new DeviceTerms((long)(0.55 * pressed.Status.UsedBytes)));
        await pressed.Settled(() => pressed.Status.UsedBytes <= pressed.Status.LowBytes);
        pressed.Pressure.Apply(DeviceTerms.Unbounded);
        Assert.All(pressed.Status.Events, e => Assert.Equal(ReliefKind.Compress, e.Kind));
        var shares = new double[Sessions];
        var right = new int[Sessions];
        long bytes = 0;
        for (int i = 0; i < Sessions; i++)
        {
            ResidentSession cut = await pressed.Describe($"s{i}");
            shares[i] = cut.Lengths.Average() / cut.Tokens;
            bytes += cut.Bytes;
        }

        for (int i = 0; i < Sessions; i++)
        {
            right[i] = await IsRight(pressed.Serving, $"s{i}", i);
        }

        return (right, shares, bytes);
    }

    /// <summary>The same after each session was cut to sinks and the most recent tokens, to as many as it had left there.</summary>
    private static async Task<long> ByWindow(double[] shares, int[] right)
    {
        await using var serving = new ServingFixture(contextTokens: 8192);
        await ReadAll(serving);
        long bytes = 0;
        for (int i = 0; i < Sessions; i++)
        {
            var cut = new CompressionRequest(CompressionPolicies.Parse("streaming-llm"), RetentionBudget.OfRatio(1 - shares[i]));
            bytes += (await serving.Worker.CompressAsync(ServingFixture.Key($"s{i}"), 1, cut, default))!.BytesAfter;
            right[i] = await IsRight(serving, $"s{i}", i);
        }

        return bytes;
    }

    private static async Task ReadAll(ServingFixture serving)
    {
        for (int i = 0; i < Sessions; i++)
        {
            await serving.Run(serving.Append($"s{i}", [], Context(serving, i)));
        }
    }

    private static ValueTask<bool> Fork(ServingFixture serving, int number) => serving.Worker.ForkAsync(
        ServingFixture.Key($"s{number}"), 1, ServingFixture.Key($"fork{number}"), 1, Context(serving, number).Length, default);

    private static async Task<int> IsRight(ServingFixture serving, string session, int number)
    {
        (int[] context, int[] question) = serving.Framing.FirstTurn(null, Document(number), $"What is the gate code for {_names[number]}?");
        TurnEnd end = await serving.Run(serving.Turn(session, context, question));
        return end.Completion!.Text.Contains(Code(number), StringComparison.Ordinal) ? 1 : 0;
    }

    private static int[] Context(ServingFixture serving, int number) => serving.Framing.FirstTurn(null, Document(number), "?").Context;

    private static string Code(int number) => ((number * 7919) + 31415).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Filler of a few hundred tokens with one fact, at another place in each.</summary>
    private static string Document(int number)
    {
        const int Sentences = 30;
        var text = new StringBuilder();
        for (int i = 0; i < Sentences; i++)
        {
            text.Append(_filler[(i + number) % _filler.Length]).Append(' ');
            text.Append(i == 2 + (number * 3) ? $"The gate code for {_names[number]} is {Code(number)}. " : "");
        }

        return text.ToString().TrimEnd() + "\n\n";
    }
}
