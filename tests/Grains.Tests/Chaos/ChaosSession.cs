namespace KVCluster.Grains.Tests.Chaos;

/// <summary>One session and what it must have been told to hold: everything that was acknowledged, and nothing else.</summary>
internal sealed class ChaosSession(GrainCluster cluster, string id, ChaosCounts counts)
{
    /// <summary>Longer than an engine holds a stream whose reader it lost: on Orleans up to two response timeouts.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(90);

    private int _keys;

    public string Id { get; } = id;

    /// <summary>Acknowledged tokens.</summary>
    public int[] History { get; private set; } = [];

    /// <summary>Whether any of its cache may come from a cut one.</summary>
    public bool HasBeenCut { get; private set; }

    private ISessionGrain Grain => cluster.Session(Id);

    public Task CreateAsync() => InsistAsync(session => session.Create(new SessionOptions()));

    /// <summary>A turn to its end, sent again with its key until it is acknowledged.</summary>
    public async Task SayAsync(int[] prompt, int answer)
    {
        GenerateRequest request = Turns.Request(prompt, answer, $"key-{_keys++}");
        List<int> heard = [];
        TurnResult result = await InsistAsync(async session =>
        {
            heard.Clear();
            return await ReadAsync(session, request, heard, _ => Task.CompletedTask);
        });
        await AcknowledgeAsync(prompt, heard, result);
        if (_keys % 4 == 0)
        {
            TurnResult again = await InsistAsync(session => ReadAsync(session, request, [], _ => Task.CompletedTask));
            Assert.True(again.IsRepeated, $"{Id}: a turn was made twice");
            Assert.Equal((result.Text, result.TotalTokens), (again.Text, again.TotalTokens));
            counts.Repeated();
        }
    }

    public async Task AppendAsync(int[] prompt)
    {
        var request = new AppendRequest { Prompt = Prompt.OfTokens(prompt), IdempotencyKey = $"key-{_keys++}" };
        await AcknowledgeAsync(prompt, [], await InsistAsync(session => session.Append(request)));
    }

    /// <summary>A turn that its caller stops after a few tokens: what was made counts.</summary>
    public async Task CancelAsync(int[] prompt, int after)
    {
        GenerateRequest request = Turns.Request(prompt, 48, $"key-{_keys++}");
        List<int> heard = [];
        TurnResult result = await InsistAsync(async session =>
        {
            heard.Clear();
            return await ReadAsync(session, request, heard, async made =>
            {
                if (made == after)
                {
                    await session.Cancel();
                }
            });
        });
        counts.Cancelled(result.Finish == TurnFinish.Cancelled);
        await AcknowledgeAsync(prompt, heard, result);
    }

    /// <summary>A turn whose reader leaves: absent, or whole where its end was faster.</summary>
    public async Task LeaveAsync(int[] prompt, int after)
    {
        bool isAcknowledged = false;
        try
        {
            await foreach (TokenChunk chunk in Grain.Generate(Turns.Request(prompt, 48)))
            {
                isAcknowledged = chunk.Result is not null;
                if (--after <= 0)
                {
                    break;
                }
            }
        }
        catch (Exception error) when (IsTransient(error))
        {
            counts.Retried();
        }

        int[] now = await HistoryAsync();
        Assert.True(now.AsSpan().StartsWith(History), $"{Id}: a turn that was left changed the history before it");
        if (now.Length == History.Length)
        {
            Assert.False(isAcknowledged, $"{Id}: an acknowledged turn is gone");
            counts.Left();
            return;
        }

        Assert.True(now.AsSpan(History.Length).StartsWith(prompt), $"{Id}: half a turn is in the history");
        History = now;
    }

    public async Task<ChaosSession> ForkAsync(string id)
    {
        SessionInfo info = await InsistAsync(session => session.Fork(new ForkRequest { Session = id }));
        Assert.Equal(History.Length, info.Tokens);
        counts.Forked();
        return new ChaosSession(cluster, id, counts) { History = History, HasBeenCut = HasBeenCut };
    }

    public async Task MoveAsync(string node)
    {
        try
        {
            await InsistAsync(async session =>
            {
                await session.Move(node);
                return true;
            });
            counts.Moved();
        }
        catch (NodeNotFoundException)
        {
            // Killed in the meantime.
        }
    }

    /// <summary>Cuts the cache; where no device has it, after an append that brings it to one.</summary>
    public async Task CutAsync(int[] prompt, string policy, double keep)
    {
        HasBeenCut = true;
        if (!await TryCutAsync(policy, keep))
        {
            await AppendAsync(prompt);
            await TryCutAsync(policy, keep);
        }
    }

    /// <summary>The exact cache again, from its exact copy or computed.</summary>
    public async Task MakeWholeAsync()
    {
        SessionInfo info = await InsistAsync(session => session.MakeWhole());
        Assert.True(info.Cache.IsExact, $"{Id}: a cache that was made whole is not exact");
        counts.MadeWhole();
    }

    public async Task DemoteAsync()
    {
        await InsistAsync(session => session.Demote());
        counts.Demoted();
    }

    public async Task CloseAsync()
    {
        await InsistAsync(async session =>
        {
            await session.Close();
            return true;
        });
        await Assert.ThrowsAsync<SessionClosedException>(() => InsistAsync(session => session.SayAsync([1])));
    }

    public async Task CheckAsync()
    {
        int[] now = await HistoryAsync();
        Assert.True(now.AsSpan().SequenceEqual(History), $"{Id}: {now.Length} tokens instead of the {History.Length} acknowledged ones");
    }

    /// <summary>The most probable next tokens, best first.</summary>
    public async Task<TokenProbability[]> NextAsync(int count)
    {
        SessionInfo info = await InsistAsync(session => session.Describe());
        Assert.True(info.Cache.IsExact);
        TokenProbability[] best = [];
        await InsistAsync(async session =>
        {
            var request = new GenerateRequest { Sampling = new SamplingSettings { MaxTokens = 1, LogProbabilities = count } };
            await foreach (TokenChunk chunk in session.Generate(request))
            {
                best = chunk.Result is null ? chunk.Alternatives : best;
            }

            return true;
        });
        return best;
    }

    /// <summary>Calls again where a node was lost or the session starts over: what a caller does.</summary>
    public async Task<T> InsistAsync<T>(Func<ISessionGrain, Task<T>> call)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await call(Grain).WaitAsync(Turns.Patience);
            }
            catch (Exception error) when (TimeProvider.System.GetElapsedTime(since) < Longest && IsTransient(error))
            {
                counts.Retried();

                // Not synchronisation: the pause of a caller that was told to come again.
                await Task.Delay(TimeSpan.FromMilliseconds(5));
            }
        }
    }

    // A timeout too: on Orleans a client outside of the silos is not told that the silo which ran its call is gone.
    private static bool IsTransient(Exception error) =>
        Turns.IsTransient(error) || error is SessionBusyException or DeviceOverloadedException or ObjectDisposedException or TimeoutException;

    private static async Task<TurnResult> ReadAsync(
        ISessionGrain session, GenerateRequest request, List<int> heard, Func<int, Task> onToken)
    {
        TurnResult? result = null;
        await foreach (TokenChunk chunk in session.Generate(request))
        {
            heard.AddRange(chunk.Tokens);
            result = chunk.Result;
            if (result is null)
            {
                await onToken(heard.Count);
            }
        }

        return result ?? throw new InvalidOperationException("a turn ended without a result");
    }

    private async Task<bool> TryCutAsync(string policy, double keep)
    {
        try
        {
            await InsistAsync(session => session.Compress(new CompressRequest { Policy = policy, Keep = keep }));
            counts.CutOne();
            return true;
        }
        catch (InvalidRequestException)
        {
            // It is on no device at this moment.
            return false;
        }
    }

    private async Task AcknowledgeAsync(int[] prompt, List<int> heard, TurnResult result)
    {
        int[] now = await HistoryAsync();
        Assert.Equal(History.Length, result.HistoryTokens);
        Assert.Equal(result.TotalTokens, now.Length);
        int[] said = [.. History, .. prompt, .. heard];
        Assert.True(now.AsSpan().SequenceEqual(said), $"{Id}: the history is not what was acknowledged");
        History = now;
        counts.Acknowledged(prompt.Length + heard.Count);
    }

    private async Task<int[]> HistoryAsync() => (await InsistAsync(session => session.ReadHistory(0, int.MaxValue))).Tokens;
}
