using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.Inference.Tokenization;
using KVCluster.Storage;
using KVCluster.Worker;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains.Tests;

/// <summary>
/// A worker without a model: it keeps the promises of <see cref="IDeviceWorker"/> about epochs, turns that were left and turns that were
/// stopped, answers with tokens that follow from the history alone, and does or fails what a test tells it to.
/// </summary>
internal sealed class ScriptedWorker(string device, LocalModel model, ScriptedStore store) : IDeviceWorker
{
    private const int TotalPages = 1000;
    private readonly ConcurrentDictionary<SessionKey, Cache> _caches = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Device { get; } = device;

    public LocalModel Model { get; } = model;

    /// <summary>Called before each step of a turn with the number of tokens made, -1 first, before the prompt is read.</summary>
    public Func<SessionKey, int, Task>? Step { get; set; }

    /// <summary>What the next calls do instead of working.</summary>
    public Exception? Failure { get; set; }

    /// <summary>What taking a cache off does instead of working.</summary>
    public Exception? EvictFailure { get; set; }

    public bool IsDraining { get; private set; }

    public int Saves { get; private set; }

    public int Prefetches { get; private set; }

    public int Running => _caches.Values.Count(cache => cache.IsRunning);

    public IReadOnlyCollection<SessionKey> Resident => [.. _caches.Where(c => c.Value.Tokens.Count > 0).Select(c => c.Key)];

    public int[] TokensOf(SessionKey session) => [.. _caches[session].Tokens];

    /// <summary>Steps of turns: what was computed.</summary>
    public int Steps { get; private set; }

    /// <summary>The token that this worker's "model" says next.</summary>
    public static int Next(IReadOnlyList<int> history) =>
        10 + (int)((history.Aggregate(7u, (hash, token) => (hash * 31) + (uint)token) >> 8) % 200);

    public DeviceStatus Status() => new()
    {
        Ledger = new LedgerSnapshot(64, TotalPages, TotalPages - Resident.Count, Resident.Count - Running, Running, 0),
        Resident = Resident.Count,
        Running = Running,
        Waiting = 0,
        IsDraining = IsDraining,
        Failure = Failure?.Message,
    };

    public ValueTask FenceAsync(SessionKey session, long epoch, CancellationToken cancellationToken)
    {
        Cache cache = Of(session, epoch);
        if (cache.RunningEpoch < epoch)
        {
            cache.Ended?.Cancel();
        }

        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<TurnEvent> RunAsync(TurnRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Cache cache = Of(request.Session, request.Epoch);
        if (cache.IsRunning)
        {
            throw new TurnInProgressException(request.Session);
        }

        int cached = cache.Tokens.ToArray().AsSpan().CommonPrefixLength(request.History.Span);
        cached = Math.Max(cached, store.Find(request.Session).AsSpan().CommonPrefixLength(request.History.Span));
        Task stopped = cache.Begin(request.Epoch);
        bool isMade = false;
        try
        {
            await Pause(request.Session, -1, cache, cancellationToken);
            cache.Tokens = [.. request.History.Span, .. request.Prompt.Span];
            List<int> answer = [.. request.History.Span[^request.Begun..]];
            var detokenizer = new StreamingDetokenizer(Model.Tokenizer, skipSpecial: true);
            string text = "";
            foreach (int token in answer.ToArray())
            {
                string piece = detokenizer.Push(token);
                text += piece;
                yield return new TurnPiece(new GeneratedPiece(token, piece, null, []));
            }

            while (answer.Count < (request.Sampling?.MaxTokens ?? 0) && !stopped.IsCompleted)
            {
                await Pause(request.Session, answer.Count, cache, cancellationToken);
                if (stopped.IsCompleted)
                {
                    break;
                }

                Steps++;
                answer.Add(Next(cache.Tokens));
                cache.Tokens.Add(answer[^1]);
                string piece = detokenizer.Push(answer[^1]);
                text += piece;
                yield return new TurnPiece(new GeneratedPiece(answer[^1], piece, null, []));
            }

            isMade = true;
            yield return End(request, cached, answer, text, stopped.IsCompleted);
        }
        finally
        {
            if (!isMade && !stopped.IsCompleted)
            {
                cache.Tokens = [.. request.History.Span];
            }

            cache.End(stopped);
            TellDrained();
        }
    }

    public ValueTask StopAsync(SessionKey session, long epoch, CancellationToken cancellationToken)
    {
        Of(session, epoch).Stop();
        TellDrained();
        return ValueTask.CompletedTask;
    }

    public ValueTask<ResidentSession?> DescribeAsync(SessionKey session, CancellationToken cancellationToken)
    {
        ThrowIfFailed();
        return ValueTask.FromResult(_caches.TryGetValue(session, out Cache? cache)
            ? new ResidentSession
            {
                Session = session,
                Epoch = cache.Epoch,
                State = cache.IsRunning ? ResidentState.Generating : cache.Tokens.Count > 0 ? ResidentState.Idle : ResidentState.Cold,
                Tokens = cache.Tokens.Count,
                KeptTokens = cache.Tokens.Count,
                Bytes = 64 * cache.Tokens.Count,
            }
            : null);
    }

    public ValueTask PrefetchAsync(AttachRequest request, CancellationToken cancellationToken)
    {
        Prefetches++;
        Cache cache = Of(request.Session, request.Epoch);
        cache.Tokens = [.. store.Find(request.Session)];
        return ValueTask.CompletedTask;
    }

    public ValueTask<CompressionReport?> CompressAsync(
        SessionKey session, long epoch, CompressionRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("no test of the grains compresses with a scripted worker");

    public ValueTask<AttachReport> RestoreAsync(AttachRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("no test of the grains restores with a scripted worker");

    public ValueTask<SnapshotSave?> SaveAsync(SessionKey session, long epoch, CancellationToken cancellationToken)
    {
        Cache cache = Of(session, epoch);
        SnapshotSave saved = store.Save(session, epoch, [.. cache.Tokens]);
        Saves++;
        return ValueTask.FromResult<SnapshotSave?>(saved);
    }

    public ValueTask<EvictReport> EvictAsync(SessionKey session, long epoch, bool save, CancellationToken cancellationToken)
    {
        Cache cache = Of(session, epoch);
        if (cache.IsRunning)
        {
            throw new TurnInProgressException(session);
        }

        if (EvictFailure is { } failure)
        {
            throw failure;
        }

        if (cache.Tokens.Count == 0)
        {
            return ValueTask.FromResult(new EvictReport(0, null));
        }

        SnapshotSave? saved = save ? store.Save(session, epoch, [.. cache.Tokens]) : null;
        var report = new EvictReport(64 * cache.Tokens.Count, saved);
        cache.Tokens = [];
        return ValueTask.FromResult(report);
    }

    public ValueTask<bool> ForkAsync(
        SessionKey session, long epoch, SessionKey target, long targetEpoch, int tokens, CancellationToken cancellationToken)
    {
        Cache source = Of(session, epoch);
        Of(target, targetEpoch).Tokens = [.. source.Tokens.Take(tokens)];
        return ValueTask.FromResult(source.Tokens.Count > 0);
    }

    public ValueTask CloseAsync(SessionKey session, long epoch, bool deleteCold, CancellationToken cancellationToken)
    {
        _ = Of(session, epoch);
        _caches.TryRemove(session, out _);
        if (deleteCold)
        {
            store.Delete(session);
        }

        return ValueTask.CompletedTask;
    }

    public Task DrainAsync(CancellationToken cancellationToken)
    {
        IsDraining = true;
        TellDrained();
        return _drained.Task.WaitAsync(cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        foreach (Cache cache in _caches.Values)
        {
            cache.Ended?.Cancel();
        }

        return ValueTask.CompletedTask;
    }

    private static TurnEnd End(TurnRequest request, int cached, List<int> answer, string text, bool isStopped) => new()
    {
        Completion = request.Sampling is null && !isStopped ? null : new Completion
        {
            Reason = isStopped ? FinishReason.Cancelled : FinishReason.MaxTokens,
            Tokens = answer,
            Text = text,
            Seconds = 0,
            Seed = 1,
        },
        Attach = new AttachReport
        {
            Source = request.History.Length == 0 ? AttachSource.New : AttachSource.Resident,
            CachedTokens = cached,
            RecomputedTokens = request.History.Length - cached,
        },
        CacheBytes = 64,
    };

    private void TellDrained()
    {
        if (IsDraining && Running == 0)
        {
            _drained.TrySetResult();
        }
    }

    private async Task Pause(SessionKey session, int made, Cache cache, CancellationToken cancellationToken)
    {
        ThrowIfFailed();
        cancellationToken.ThrowIfCancellationRequested();
        if (Step is { } step)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, cache.Ended!.Token);
            try
            {
                await Task.WhenAny(step(session, made), cache.Stopped).WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new StaleEpochException(session, cache.RunningEpoch, cache.Epoch);
            }
        }

        ThrowIfFailed();
    }

    private Cache Of(SessionKey session, long epoch)
    {
        ThrowIfFailed();
        Cache cache = _caches.GetOrAdd(session, _ => new Cache());
        if (epoch < cache.Epoch)
        {
            throw new StaleEpochException(session, epoch, cache.Epoch);
        }

        cache.Epoch = epoch;
        return cache;
    }

    private void ThrowIfFailed()
    {
        if (Failure is { } failure)
        {
            throw failure;
        }
    }

    private sealed class Cache
    {
        private TaskCompletionSource _stopped = new();

        public List<int> Tokens { get; set; } = [];

        public long Epoch { get; set; }

        public long RunningEpoch { get; private set; } = long.MaxValue;

        public bool IsRunning => RunningEpoch != long.MaxValue;

        public Task Stopped => _stopped.Task;

        public CancellationTokenSource? Ended { get; private set; }

        /// <summary>A turn begins; the task ends when it is stopped, and names it.</summary>
        public Task Begin(long epoch)
        {
            RunningEpoch = epoch;
            Ended = new CancellationTokenSource();
            _stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _stopped.Task;
        }

        /// <summary>The running turn is over, whether anybody reads what came of it or not.</summary>
        public void Stop()
        {
            if (IsRunning)
            {
                RunningEpoch = long.MaxValue;
                _stopped.TrySetResult();
            }
        }

        public void End(Task turn)
        {
            if (turn == Stopped)
            {
                RunningEpoch = long.MaxValue;
                Ended?.Dispose();
                Ended = null;
            }
        }
    }
}
