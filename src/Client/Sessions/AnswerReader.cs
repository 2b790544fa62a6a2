using System.Runtime.CompilerServices;

namespace KVCluster.Client;

/// <summary>Reads an answer over lost connections: the request is sent again with its key, and the reader gets what it lacks.</summary>
internal static class AnswerReader
{
    public static async IAsyncEnumerable<TokenChunk> ReadAsync(
        ISessionGrain grain, string session, GenerateRequest request, Retrier retrier, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var shown = new ShownAnswer((tokens, cause) => new AnswerChangedException(session, tokens, cause));
        for (int attempt = 1; ; attempt++)
        {
            TimeSpan delay = default;
            bool isOver = false;
            IAsyncEnumerator<TokenChunk> chunks = grain.Generate(request, cancellationToken).GetAsyncEnumerator(cancellationToken);
            try
            {
                while (!isOver)
                {
                    TokenChunk? chunk;
                    try
                    {
                        chunk = await NextAsync(chunks, session).ConfigureAwait(false);
                    }
                    catch (Exception error) when (retrier.DelayAfter(error, attempt, cancellationToken) is { } wait)
                    {
                        delay = wait;
                        shown.Restart(error);
                        break;
                    }

                    isOver = chunk.Result is not null;
                    if (shown.Take(chunk) is { } rest)
                    {
                        yield return rest;
                    }
                }
            }
            finally
            {
                await LeaveAsync(chunks).ConfigureAwait(false);
            }

            if (isOver)
            {
                yield break;
            }

            await retrier.WaitAsync(delay, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async ValueTask<TokenChunk> NextAsync(IAsyncEnumerator<TokenChunk> chunks, string session) =>
        await chunks.MoveNextAsync().ConfigureAwait(false)
            ? chunks.Current
            : throw new SessionUnavailableException($"session {session}: the answer ended without its acknowledgement");

    private static async ValueTask LeaveAsync(IAsyncEnumerator<TokenChunk> chunks)
    {
        try
        {
            await chunks.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Leaving is a courtesy: a stream that nobody reads ends by itself, and one whose silo is gone has ended.
        }
    }
}
