using System.Collections.Concurrent;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>Many callers at random on an arena far too small for what they want: every turn ends, every byte is accounted for.</summary>
public sealed class RandomPressureTests : IDisposable
{
    private const int Sessions = 8;
    private const int Operations = 120;
    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-worker-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1, true, 1e-3)]
    [InlineData(2, true, 1)]
    [InlineData(3, false, 1e-3)]
    [InlineData(4, false, 1e-3)]
    [InlineData(5, true, 1e-2)]
    public async Task Every_turn_ends_and_nothing_leaks(int seed, bool withStore, double secondsPerMass)
    {
        await using var blobs = new DirectoryBlobStore(
            new DirectoryBlobStoreOptions { Path = _folder, Budget = new BlobBudget { TotalBytes = 1L << 30 } });
        await using var store = new SnapshotStore(blobs);
        DevicePressureOptions pressure = PressedFixture.Usual with
        {
            Weighing = new() { SecondsPerMass = secondsPerMass },
            RestorePriority = 1,
            RestoreDelay = TimeSpan.Zero,
        };
        DeviceWorkerOptions options = ServingFixture.Plain with
        {
            AnswerReserveTokens = 16,
            MaxRunningTurns = 4,
            MaxWait = TimeSpan.FromMinutes(5),
        };
        await using var pressed = new PressedFixture(512, pressure, withStore ? store : null, options);
        ConcurrentDictionary<int, int[]> histories = new();
        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(i => Task.Run(async () =>
        {
            var random = new Random((seed * 100) + i);
            int[] history = [];
            for (int n = 0; n < Operations / Sessions; n++)
            {
                history = await Operate(pressed, $"s{i}", history, random);
                LedgerSnapshot ledger = pressed.Serving.Ledger();
                Assert.Equal(ledger.TotalPages, ledger.FreePages + ledger.EvictablePages + ledger.PinnedPages);
            }

            histories[i] = history;
        })));
        pressed.Serving.Model.Backend.Pool.CheckIntegrity();
        Assert.NotEmpty(pressed.Status.Totals);
        foreach ((int i, int[] history) in histories)
        {
            TurnEnd end = await pressed.Serving.Run(pressed.Serving.Turn($"s{i}", history, [7], PressedFixture.Long with { MaxTokens = 2 }));
            Assert.InRange(end.Completion!.Tokens.Count, 1, 2);
        }

        await pressed.Serving.AssertEmptyAfterClosing([.. Enumerable.Range(0, Sessions).Select(i => $"s{i}")]);
    }

    private static async Task<int[]> Operate(PressedFixture pressed, string session, int[] history, Random random)
    {
        SessionKey key = ServingFixture.Key(session);
        switch (random.Next(10))
        {
            case 0:
                pressed.Pressure.Apply(new DeviceTerms((long)(pressed.Serving.Ledger().TotalBytes * (0.7 + (0.3 * random.NextDouble())))));
                return history;
            case 1:
                await pressed.Pressure.RelieveAsync(default);
                return history;
            case 2:
                await pressed.Serving.Worker.EvictAsync(key, 1, random.Next(2) == 0, default);
                return history;
            case 3 when history.Length is > 0 and < 300:
                await pressed.Serving.Worker.RestoreAsync(new AttachRequest(key, 1, history), default);
                return history;
            case 4:
                _ = await pressed.Pressure.MeasureAsync(default);
                return history;
            default:
                return await Turn(pressed, session, history, random);
        }
    }

    private static async Task<int[]> Turn(PressedFixture pressed, string session, int[] history, Random random)
    {
        if (history.Length > 350)
        {
            await pressed.Serving.Worker.CloseAsync(ServingFixture.Key(session), 1, deleteCold: true, default);
            history = [];
        }

        int[] prompt = PressedFixture.Tokens(random.Next(1, 80), random.Next(100));
        SamplingOptions sampling = new() { MaxTokens = random.Next(1, 120), Temperature = 20, Seed = (ulong)random.Next(1, 1000) };
        TurnRequest request = pressed.Serving.Turn(session, history, prompt, sampling) with { Priority = random.Next(3) };
        TurnEnd end;
        try
        {
            end = await pressed.Serving.Run(request);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"no end in time: {pressed.Serving.Worker.Status()}, {string.Join(", ", pressed.Status.Totals)}");
            throw;
        }

        Assert.True(
            end.Completion!.Reason is FinishReason.MaxTokens or FinishReason.EndToken,
            $"{end.Completion.Reason} after {end.Completion.Tokens.Count} of {sampling.MaxTokens} behind {history.Length + prompt.Length}: "
            + $"{pressed.Serving.Ledger()} of {pressed.Status.LimitBytes}; {string.Join("\n", pressed.Status.Events.TakeLast(6))}");
        return [.. history, .. prompt, .. end.Completion.Tokens];
    }
}
