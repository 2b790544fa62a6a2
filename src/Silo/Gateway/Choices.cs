using System.Runtime.CompilerServices;
using System.Threading.Channels;
using KVCluster.Grains;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Gateway;

/// <summary>Runs all answers of a job at once and yields their chunks as they come.</summary>
internal sealed class Choices(SessionTurns turns, CompletionJob job, TurnStart start, string? idempotencyKey)
{
    /// <summary>The session that keeps the first answer.</summary>
    public SessionId Session => start.Session;

    public async IAsyncEnumerable<(int Choice, TokenChunk Chunk)> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (job.Choices == 1)
        {
            await foreach (TokenChunk chunk in turns.RunAsync(start, SamplingMapping.Of(job, 0), idempotencyKey, cancellationToken))
            {
                yield return (0, chunk);
            }

            yield break;
        }

        TurnStart read = await turns.ReadPromptAsync(start, cancellationToken);
        TurnStart[] starts = new TurnStart[job.Choices];
        starts[0] = read;
        for (int i = 1; i < starts.Length; i++)
        {
            starts[i] = await turns.BesideAsync(read, cancellationToken);
        }

        await foreach ((int, TokenChunk) item in MergeAsync(starts, cancellationToken))
        {
            yield return item;
        }
    }

    private async IAsyncEnumerable<(int Choice, TokenChunk Chunk)> MergeAsync(
        TurnStart[] starts, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<(int, TokenChunk)> merged = Channel.CreateBounded<(int, TokenChunk)>(64);
        Task all = Task.WhenAll(starts.Select((s, i) => PumpAsync(s, i, merged.Writer, ended.Token)));
        Task completed = all.ContinueWith(t => merged.Writer.TryComplete(t.Exception?.InnerException), TaskScheduler.Default);
        try
        {
            await foreach ((int, TokenChunk) item in merged.Reader.ReadAllAsync(cancellationToken))
            {
                yield return item;
            }
        }
        finally
        {
            await ended.CancelAsync();
            await completed;

            // Only the first answer's session goes on; the others were made for this request.
            foreach (TurnStart side in starts.Skip(1))
            {
                await turns.CloseAsync(side.Session);
            }
        }
    }

    private async Task PumpAsync(TurnStart one, int choice, ChannelWriter<(int, TokenChunk)> writer, CancellationToken cancellationToken)
    {
        await foreach (TokenChunk chunk in turns.RunAsync(one, SamplingMapping.Of(job, choice), null, cancellationToken))
        {
            await writer.WriteAsync((choice, chunk), cancellationToken);
        }
    }
}
