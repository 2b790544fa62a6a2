using System.Runtime.CompilerServices;
using System.Threading.Channels;
using KVCluster.Grains;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Gateway;

/// <summary>Runs all answers of a job at once and yields their chunks as they come.</summary>
/// <param name="turns">Sessions.</param>
/// <param name="job">What is asked.</param>
/// <param name="start">The session to try first.</param>
/// <param name="idempotencyKey">Names the request, or null.</param>
/// <param name="numbered">Whether <see cref="Start"/> shall know the number of its turn.</param>
internal sealed class Choices(SessionTurns turns, CompletionJob job, TurnStart start, string? idempotencyKey, bool numbered)
{
    /// <summary>The session that keeps the first answer: settled once the first chunk has come.</summary>
    public TurnStart Start { get; private set; } = start;

    public IAsyncEnumerable<(int Choice, TokenChunk Chunk)> RunAsync(CancellationToken cancellationToken) =>
        job.Choices == 1 ? OneAsync(cancellationToken) : ManyAsync(cancellationToken);

    private async IAsyncEnumerable<(int Choice, TokenChunk Chunk)> OneAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (IAsyncEnumerator<TokenChunk> chunks, bool any) = await SettledAsync(s => FirstAsync(s, cancellationToken), cancellationToken);
        await using (chunks)
        {
            for (; any; any = await chunks.MoveNextAsync())
            {
                yield return (0, chunks.Current);
            }
        }
    }

    private async IAsyncEnumerable<(int Choice, TokenChunk Chunk)> ManyAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<TurnStart> starts = [await SettledAsync(s => turns.ReadPromptAsync(s, cancellationToken), cancellationToken)];
        try
        {
            while (starts.Count < job.Choices)
            {
                starts.Add(await turns.BesideAsync(starts[0], cancellationToken));
            }

            await foreach ((int, TokenChunk) item in MergeAsync(starts, cancellationToken))
            {
                yield return item;
            }
        }
        finally
        {
            // Only the first answer's session goes on; the others were made for this request.
            foreach (TurnStart side in starts.Skip(1))
            {
                await turns.CloseAsync(side.Session);
            }
        }
    }

    /// <summary>Does something to the session, or to the one to try instead while one refuses.</summary>
    private async Task<T> SettledAsync<T>(Func<TurnStart, Task<T>> act, CancellationToken cancellationToken)
    {
        while (true)
        {
            Exception refusal;
            try
            {
                Start = numbered ? await turns.NumberedAsync(Start, idempotencyKey, cancellationToken) : Start;
                return await act(Start);
            }
            catch (Exception error) when (SessionTurns.MayGoElsewhere(Start, error))
            {
                refusal = error;
            }

            Start = await turns.InsteadAsync(Start, refusal, cancellationToken);
        }
    }

    private async Task<(IAsyncEnumerator<TokenChunk> Chunks, bool Any)> FirstAsync(TurnStart one, CancellationToken cancellationToken)
    {
        IAsyncEnumerator<TokenChunk> chunks = turns.RunAsync(one, SamplingMapping.Of(job, 0), idempotencyKey, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        try
        {
            return (chunks, await chunks.MoveNextAsync());
        }
        catch
        {
            await chunks.DisposeAsync();
            throw;
        }
    }

    private async IAsyncEnumerable<(int Choice, TokenChunk Chunk)> MergeAsync(
        List<TurnStart> starts, [EnumeratorCancellation] CancellationToken cancellationToken)
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
        }
    }

    private async Task PumpAsync(TurnStart one, int choice, ChannelWriter<(int, TokenChunk)> writer, CancellationToken cancellationToken)
    {
        await foreach (TokenChunk chunk in turns.RunAsync(one, SamplingMapping.Of(job, choice), null, cancellationToken)
            .WithCancellation(cancellationToken))
        {
            await writer.WriteAsync((choice, chunk), cancellationToken);
        }
    }
}
