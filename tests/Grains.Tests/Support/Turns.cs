using Orleans.Runtime;

namespace KVCluster.Grains.Tests;

/// <summary>Short ways to say what sessions are told in tests. Every wait is bounded.</summary>
internal static class Turns
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Longer than a call that is lost takes to time out.</summary>
    private static readonly TimeSpan Longest = 2 * Patience;

    /// <summary>Reads a turn to its end.</summary>
    public static async Task<TurnResult> RunAsync(this ISessionGrain session, GenerateRequest request)
    {
        using var patience = new CancellationTokenSource(Patience);
        List<TokenChunk> chunks = [];
        await foreach (TokenChunk chunk in session.Generate(request, patience.Token))
        {
            chunks.Add(chunk);
        }

        Assert.All(chunks[..^1], chunk => Assert.Null(chunk.Result));
        TurnResult result = Assert.IsType<TurnResult>(chunks[^1].Result);
        Assert.Equal(result.Text, string.Concat(chunks.Select(chunk => chunk.Text)));
        Assert.Equal(result.AnswerTokens, chunks.Sum(chunk => chunk.Tokens.Length));
        return result;
    }

    /// <summary>Sends a call again while the session starts over, as callers do.</summary>
    public static Task<T> InsistAsync<T>(this ISessionGrain session, Func<ISessionGrain, Task<T>> call) => InsistAsync(() => call(session));

    /// <inheritdoc cref="InsistAsync{T}(ISessionGrain, Func{ISessionGrain, Task{T}})"/>
    public static async Task<T> InsistAsync<T>(Func<Task<T>> call)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await call().WaitAsync(Patience);
            }
            catch (Exception error) when (TimeProvider.System.GetElapsedTime(since) < Longest && (IsTransient(error) || error is TimeoutException))
            {
                // Not synchronisation: the pause of a caller that was told to come again.
                await Task.Delay(TimeSpan.FromMilliseconds(5));
            }
        }
    }

    public static bool IsTransient(Exception error) => error
        is SessionUnavailableException or OrleansException or EnumerationAbortedException;

    public static Task<TurnResult> SayAsync(this ISessionGrain session, int[] prompt, int answer = 4, string? key = null) =>
        session.RunAsync(Request(prompt, answer, key));

    public static GenerateRequest Request(int[] prompt, int answer = 4, string? key = null) => new()
    {
        Prompt = Prompt.OfTokens(prompt),
        IdempotencyKey = key,
        Sampling = new SamplingSettings { MaxTokens = answer },
    };

    public static async Task<int[]> HistoryAsync(this ISessionGrain session) =>
        (await session.InsistAsync(s => s.ReadHistory(0, int.MaxValue))).Tokens;

    public static async Task HasHistoryAsync(this ISessionGrain session, int[] expected)
    {
        int[] history = await session.HistoryAsync();
        Assert.Equal(expected, history);
    }

    /// <summary>A history as the scripted workers make it.</summary>
    public static int[] Answered(int[] history, int[] prompt, int answer)
    {
        List<int> tokens = [.. history, .. prompt];
        for (int i = 0; i < answer; i++)
        {
            tokens.Add(ScriptedWorker.Next(tokens));
        }

        return [.. tokens];
    }
}
