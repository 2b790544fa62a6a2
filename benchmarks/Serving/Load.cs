using KVCluster.Inference;
using KVCluster.Inference.Sampling;
using KVCluster.Storage;
using KVCluster.Worker;
using KVCluster.Worker.Serving;

namespace KVCluster.Benchmarks.Serving;

/// <summary>A worker on one model with sessions to drive.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly int[] _end;

    public Load(string path, int threads, int contextTokens, DeviceWorkerOptions? options = null, ISnapshotStore? store = null)
    {
        Model = LocalModel.Open(path, new LocalModelOptions { ContextTokens = contextTokens, Threads = threads });
        Backend = new TimedBackend(Model.Backend);
        Worker = new DeviceWorker(Model, options ?? new DeviceWorkerOptions { IdleScores = null }, store, Backend);
        _end = [.. Model.EndTokens];
    }

    public LocalModel Model { get; }

    public TimedBackend Backend { get; }

    public DeviceWorker Worker { get; }

    /// <summary>Tokens that are none of those that end an answer.</summary>
    public int[] Prompt(int count, int seed)
    {
        var random = new Random(seed);
        var ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            do
            {
                ids[i] = random.Next(Model.Config.VocabularySize);
            }
            while (_end.Contains(ids[i]));
        }

        return ids;
    }

    public Task AppendAsync(string session, int[] prompt) => RunAsync(session, [], prompt, 0, null);

    /// <summary>Generates so many tokens, whatever they are: an answer that ends goes on.</summary>
    public async Task RunAsync(string session, int[] history, int[] prompt, int tokens, Action? piece)
    {
        List<int> ids = [.. history, .. prompt];
        do
        {
            var request = new TurnRequest
            {
                Session = new SessionKey("benchmark", session),
                Epoch = 1,
                History = history,
                Prompt = prompt,
                Sampling = tokens == 0 ? null : new SamplingOptions { MaxTokens = tokens },
            };
            await foreach (TurnEvent happened in Worker.RunAsync(request, CancellationToken.None))
            {
                if (happened is TurnPiece one)
                {
                    ids.Add(one.Piece.Token);
                    tokens--;
                    piece?.Invoke();
                }
            }

            (history, prompt) = ([.. ids], []);
        }
        while (tokens > 0);
    }

    public ValueTask CloseAsync(string session) => Worker.CloseAsync(new SessionKey("benchmark", session), 1, false, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        Model.Dispose();
    }
}
