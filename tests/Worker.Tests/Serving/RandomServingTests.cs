using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>
/// Random work on an arena too small for it, beside a cold store on disk, with a seed: whatever happens, the ledger holds at each step, what is acknowledged is what a
/// fresh cache says, and every page is back at the end.
/// </summary>
public sealed class RandomServingTests : IDisposable
{
    private const int Sessions = 10;
    private const int Operations = 160;
    private const int Workers = 4;

    private static readonly CompressionRequest Compression = new(CompressionPolicies.Parse("kvcompose"), RetentionBudget.OfRatio(0.4));

    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-serving-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nothing_is_lost_and_nothing_leaks(int seed)
    {
        await using var blobs = new DirectoryBlobStore(
            new DirectoryBlobStoreOptions { Path = _folder, Budget = new BlobBudget { TotalBytes = 1L << 30 } });
        await using var store = new SnapshotStore(blobs);
        DeviceWorkerOptions options = new()
        {
            AnswerReserveTokens = 8,
            AssumedLoadBytesPerSecond = 1e12,
            MaxRunningTurns = 3,
            PrefillChunkTokens = 16,
        };
        await using var serving = new ServingFixture(options, store, contextTokens: 640, maxBatchTokens: 48);
        Session[] sessions = [.. Enumerable.Range(0, Sessions).Select(i => new Session($"s{i}"))];

        // One is cut for certain: whether a random cut finds a cache on the device is a matter of time.
        await Turn(serving, sessions[0], new Random(seed));
        await Compress(serving, sessions[0]);
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(w => Task.Run(async () =>
        {
            var random = new Random((seed * 100) + w);
            while (Interlocked.Increment(ref next) <= Operations)
            {
                Session session = sessions[random.Next(Sessions)];
                if (!await session.Gate.WaitAsync(0))
                {
                    continue;
                }

                try
                {
                    await Operate(serving, sessions, session, random);
                }
                finally
                {
                    session.Gate.Release();
                }

                Check(serving.Ledger());
                serving.Model.Backend.Pool.CheckIntegrity();
            }
        })));
        await Compare(serving, sessions);
        Assert.True(store.SaveBytesPerSecond > 0 && store.LoadBytesPerSecond > 0, "nothing was saved, or nothing loaded");
        Assert.Contains(sessions, session => session.HasBeenCompressed);
        await serving.AssertEmptyAfterClosing([.. sessions.Select(s => s.Name), "fresh"]);
        Assert.Equal(0, serving.Worker.Status().Resident);
    }

    private static void Check(LedgerSnapshot ledger) =>
        Assert.Equal(ledger.TotalPages, ledger.FreePages + ledger.EvictablePages + ledger.PinnedPages);

    private static async Task Operate(ServingFixture serving, Session[] sessions, Session session, Random random)
    {
        SessionKey key = ServingFixture.Key(session.Name);
        switch (random.Next(12))
        {
            case 0:
                await serving.Worker.SaveAsync(key, session.Epoch, default);
                break;
            case 1:
                await serving.Worker.EvictAsync(key, session.Epoch, random.Next(2) == 0, default);
                break;
            case 2 when session.Tokens.Length > 0:
                await Compress(serving, session);
                break;
            case 3 when session.Tokens.Length > 0:
                await serving.Worker.RestoreAsync(new AttachRequest(key, session.Epoch, session.Tokens), default);
                session.WasCompressed = false;
                break;
            case 4:
                await serving.Worker.FenceAsync(key, ++session.Epoch, default);
                break;
            case 5:
                await Cancelled(serving, session, random);
                break;
            case 6 when session.Tokens.Length > 0:
                await Fork(serving, sessions, session, random);
                break;
            case 7 when session.Tokens.Length > 0:
                await serving.Worker.PrefetchAsync(new AttachRequest(key, session.Epoch, session.Tokens), default);
                break;
            default:
                await Turn(serving, session, random);
                break;
        }
    }

    private static async Task Compress(ServingFixture serving, Session session)
    {
        try
        {
            bool isCut = await serving.Worker.CompressAsync(ServingFixture.Key(session.Name), session.Epoch, Compression, default) is not null;
            session.WasCompressed |= isCut;
            session.HasBeenCompressed |= isCut;
        }
        catch (DeviceBusyException)
        {
            // It shares pages with a fork, and there was no room to copy them; nothing has changed.
        }
    }

    private static async Task Turn(ServingFixture serving, Session session, Random random)
    {
        if (session.Tokens.Length > 300)
        {
            await serving.Worker.CloseAsync(ServingFixture.Key(session.Name), session.Epoch, deleteCold: true, default);
            session.Tokens = [];
            session.WasCompressed = false;
        }

        int[] prompt = Ids(random, random.Next(1, 60));
        SamplingOptions sampling = new() { MaxTokens = random.Next(1, 40), Temperature = 20, Seed = (ulong)random.Next(1, 1000) };
        TurnRequest request = serving.Turn(session.Name, session.Tokens, prompt, sampling, session.Epoch) with { Priority = random.Next(3) };
        TurnEnd end = await serving.Run(random.Next(4) == 0 ? request with { Sampling = null } : request);
        session.Tokens = [.. session.Tokens, .. prompt, .. end.Completion?.Tokens ?? []];
    }

    private static async Task Cancelled(ServingFixture serving, Session session, Random random)
    {
        using var cancel = new CancellationTokenSource();
        TurnRequest request = serving.Turn(session.Name, session.Tokens, Ids(random, 20), null, session.Epoch);
        int after = random.Next(3);
        if (after == 0)
        {
            cancel.Cancel();
        }

        int pieces = 0;
        try
        {
            await serving.Run(
                request,
                _ =>
                {
                    if (++pieces == after)
                    {
                        cancel.Cancel();
                    }
                },
                cancel.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static async Task Fork(ServingFixture serving, Session[] sessions, Session session, Random random)
    {
        Session target = sessions[random.Next(Sessions)];
        if (ReferenceEquals(target, session) || !await target.Gate.WaitAsync(0))
        {
            return;
        }

        try
        {
            int tokens = random.Next(1, session.Tokens.Length + 1);
            await serving.Worker.ForkAsync(
                ServingFixture.Key(session.Name), session.Epoch, ServingFixture.Key(target.Name), target.Epoch, tokens, default);
            target.Tokens = session.Tokens[..tokens];
            target.WasCompressed = false;
        }
        finally
        {
            target.Gate.Release();
        }
    }

    /// <summary>Next-token log probabilities of every session that was not compressed, against a session computed anew.</summary>
    private static async Task Compare(ServingFixture serving, Session[] sessions)
    {
        SamplingOptions probe = new() { MaxTokens = 1, LogProbabilities = 5 };
        foreach (Session session in sessions.Where(s => s.Tokens.Length > 0 && !s.WasCompressed))
        {
            GeneratedPiece kept = default;
            GeneratedPiece fresh = default;
            await serving.Run(serving.Turn(session.Name, session.Tokens, [], probe, session.Epoch), piece => kept = piece.Piece);
            await serving.Run(serving.Turn("fresh", [], session.Tokens, probe), piece => fresh = piece.Piece);
            Assert.Equal(fresh.LogProbability!.Value, kept.LogProbability!.Value, 1e-3);
            await serving.Worker.EvictAsync(ServingFixture.Key("fresh"), 1, save: false, default);
        }
    }

    private static int[] Ids(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(20, 1700))];

    private sealed class Session(string name)
    {
        public string Name { get; } = name;

        public SemaphoreSlim Gate { get; } = new(1);

        public int[] Tokens { get; set; } = [];

        public long Epoch { get; set; } = 1;

        /// <summary>Whether its cache may be a cut one.</summary>
        public bool WasCompressed { get; set; }

        public bool HasBeenCompressed { get; set; }
    }
}
