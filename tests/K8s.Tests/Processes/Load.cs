namespace KVCluster.K8s.Tests.Processes;

/// <summary>Several conversations at once, and moments in them for something to happen.</summary>
internal sealed class Load
{
    public const int Sessions = 4;
    public const int Turns = 8;

    private readonly CountdownEvent[] _reached = [.. Enumerable.Range(0, Turns).Select(_ => new CountdownEvent(Sessions))];
    private readonly TaskCompletionSource[] _all = [.. Enumerable.Range(0, Turns).Select(_ =>
        new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];

    private volatile Uri[] _servers = [];
    private Task<int[]>[] _speaking = [];

    public List<Talker> Talkers { get; } = [];

    /// <summary>Where clients may go from now on.</summary>
    public void Serve(params ServeProcess[] servers) => _servers = [.. servers.Select(server => server.Address)];

    public void Begin()
    {
        Talkers.AddRange(Enumerable.Range(0, Sessions).Select(i => new Talker($"s{i}", () => _servers, Ended)));
        _speaking = [.. Talkers.Select(talker => talker.SpeakAsync(Turns))];
    }

    /// <summary>When every session has had a turn; a conversation that failed fails here.</summary>
    public async Task ReachedAsync(int turn)
    {
        Task ended = Task.WhenAll(_speaking);
        foreach (Task<int[]> speaking in _speaking)
        {
            _ = speaking.ContinueWith(failed => _all[turn].TrySetException(failed.Exception!.InnerExceptions), TaskContinuationOptions.OnlyOnFaulted);
        }

        await (await Task.WhenAny(_all[turn].Task, ended).WaitAsync(TimeSpan.FromMinutes(2)));
    }

    /// <summary>The tokens of every conversation.</summary>
    public Task<int[][]> EndAsync() => Task.WhenAll(_speaking);

    private void Ended(int turn)
    {
        if (_reached[turn].Signal())
        {
            _all[turn].TrySetResult();
        }
    }
}
