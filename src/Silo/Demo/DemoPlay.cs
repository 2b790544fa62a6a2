using System.Diagnostics;
using KVCluster.Evaluation.Samples;
using KVCluster.Grains;
using KVCluster.Silo.Judging;

namespace KVCluster.Silo.Demo;

/// <summary>Plays all conversations on one server: every document is read, then questions come in rounds, so that each conversation waits long for its next.</summary>
internal sealed class DemoPlay(DemoServer server, DemoSettings settings, IReadOnlyList<DemoConversation> conversations, DemoBoard board)
{
    // Of a history's tokens: with this share at hand a turn counts as a hit.
    private const double HitShare = 0.9;

    private readonly SemaphoreSlim _together = new(2 * settings.Nodes);

    /// <summary>Seconds that putting all questions took.</summary>
    public async Task<double> RunAsync(CancellationToken cancellationToken)
    {
        board.Phase = "documents are read";
        foreach (DemoConversation conversation in conversations)
        {
            await ReadAsync(conversation, cancellationToken);
        }

        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < settings.Questions; round++)
        {
            board.Phase = $"question {round + 1} of {settings.Questions} to everybody";
            await Task.WhenAll(conversations.Select(c => AskAsync(c, round, cancellationToken)));
        }

        board.Phase = "done";
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private async Task ReadAsync(DemoConversation conversation, CancellationToken cancellationToken)
    {
        ISessionGrain session = server.Session(conversation);
        await session.Create(new SessionOptions(), cancellationToken);
        try
        {
            await session.Append(new AppendRequest { Prompt = Prompt.OfMessage(conversation.Document) }, cancellationToken);
            if (board.Way.WindowShare < 1)
            {
                await session.Compress(new CompressRequest { Policy = "streaming-llm", Keep = board.Way.WindowShare }, cancellationToken);
            }

            board.DocumentRead();
        }
        catch (DeviceOverloadedException)
        {
            // Its questions find an empty history: they are counted as refused.
        }

        await Task.Delay(settings.Pause, cancellationToken);
    }

    private async Task AskAsync(DemoConversation conversation, int round, CancellationToken cancellationToken)
    {
        await _together.WaitAsync(cancellationToken);
        try
        {
            SampleQuestion question = conversation.Questions[round];
            long start = Stopwatch.GetTimestamp();
            double first = 0;
            TurnResult? result = null;
            var request = new GenerateRequest
            {
                Prompt = Prompt.OfMessage(question.Text),
                Sampling = new SamplingSettings { Temperature = 0, MaxTokens = question.MaxNewTokens },
            };
            await foreach (TokenChunk chunk in server.Session(conversation).Generate(request, cancellationToken))
            {
                first = first == 0 ? Stopwatch.GetElapsedTime(start).TotalSeconds : first;
                result = chunk.Result ?? result;
            }

            bool hit = result!.CachedTokens >= HitShare * result.HistoryTokens;
            board.Answered(AnswerJudge.IsRight(result.Text, question.Expected), hit, result.AnswerTokens, first);
            await Task.Delay(settings.Pause, cancellationToken);
        }
        catch (DeviceOverloadedException)
        {
            board.TurnRefused();
        }
        finally
        {
            _together.Release();
        }
    }
}
