namespace KVCluster.Client;

/// <summary>Sends calls again, as <see cref="RetryDecision"/> says.</summary>
internal sealed class Retrier(RetryOptions options, TimeProvider time)
{
    /// <summary>Runs a call until it succeeds or its error is the caller's.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken, bool mayRepeat = true)
    {
        for (int attempt = 1; ; attempt++)
        {
            TimeSpan delay;
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (Exception error) when (DelayAfter(error, attempt, cancellationToken, mayRepeat) is { } wait)
            {
                delay = wait;
            }

            await WaitAsync(delay, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Func<Task> call, CancellationToken cancellationToken, bool mayRepeat = true) => RunAsync(
        async () =>
        {
            await call().ConfigureAwait(false);
            return true;
        },
        cancellationToken,
        mayRepeat);

    /// <summary>The wait after an error; null: it is the caller's.</summary>
    public TimeSpan? DelayAfter(Exception error, int attempt, CancellationToken cancellationToken, bool mayRepeat = true) =>
        cancellationToken.IsCancellationRequested ? null : RetryDecision.Delay(error, attempt, mayRepeat, options, Random.Shared.NextDouble());

    public Task WaitAsync(TimeSpan delay, CancellationToken cancellationToken) => Task.Delay(delay, time, cancellationToken);
}
