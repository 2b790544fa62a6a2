using System.Runtime.CompilerServices;
using KVCluster.Grains;
using Orleans.Runtime;

namespace KVCluster.Silo.Gateway;

/// <summary>
/// Sends calls again that met a session on its way to another node, so that clients do not notice a node that leaves in order. Only what certainly
/// did nothing is sent again; what has an idempotency key also where it is unknown whether it did.
/// </summary>
internal static class MovingSessions
{
    /// <summary>How often one answer may break off.</summary>
    private const int MostLost = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <param name="call">What is sent.</param>
    /// <param name="isKeyed">Whether sent twice it is done once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<T> FollowAsync<T>(Func<Task<T>> call, bool isKeyed, CancellationToken cancellationToken)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (Exception error) when ((error is SessionMovingException || (isKeyed && IsLost(error))) && TimeProvider.System.GetElapsedTime(since) < Patience)
            {
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }

    /// <summary>
    /// The same for a turn: sent again while its first chunk has not come, and what has a key also in its middle. Then the answer comes from its
    /// beginning, and only what is missing is passed on; where it is another one, the error that broke it off is the caller's.
    /// </summary>
    public static async IAsyncEnumerable<TokenChunk> FollowAsync(
        Func<IAsyncEnumerable<TokenChunk>> turn, bool isKeyed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var shown = new ShownAnswer((_, cause) => cause!);
        IAsyncEnumerator<TokenChunk>? chunks = null;
        try
        {
            bool any = await BeginAsync();
            for (int lost = 0; any;)
            {
                if ((isKeyed ? shown.Take(chunks!.Current) : chunks!.Current) is { } rest)
                {
                    yield return rest;
                }

                try
                {
                    any = await chunks.MoveNextAsync();
                }
                catch (Exception error) when (isKeyed && IsLost(error) && ++lost < MostLost)
                {
                    shown.Restart(error);
                    any = await BeginAsync();
                }
            }
        }
        finally
        {
            await LeaveAsync(chunks);
        }

        Task<bool> BeginAsync() => FollowAsync(
            async () =>
            {
                await LeaveAsync(chunks);
                chunks = turn().GetAsyncEnumerator(cancellationToken);
                return await chunks.MoveNextAsync();
            },
            isKeyed,
            cancellationToken);
    }

    private static async ValueTask LeaveAsync(IAsyncEnumerator<TokenChunk>? chunks)
    {
        try
        {
            await (chunks?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
        catch (Exception error) when (IsLost(error))
        {
            // Leaving is a courtesy: a stream whose node is gone has ended.
        }
    }

    /// <summary>The node went away with the call; whether it was done is unknown.</summary>
    private static bool IsLost(Exception error) => error is SessionUnavailableException or OrleansMessageRejectionException or EnumerationAbortedException;
}
