using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Worker.Serving.Device.Pressure;

namespace KVCluster.Worker.Serving.Device;

/// <summary>Saves caches while serving goes on: the store reads a fork, which shares all pages.</summary>
internal sealed class CacheSaver(DeviceParts parts)
{
    /// <summary>What stands for a save that was not begun.</summary>
    public static SnapshotSave Refused { get; } = new()
    {
        Outcome = SaveOutcome.Unavailable,
        Reason = "the store has not ended an earlier save in time",
    };

    private static readonly SnapshotSave Failed = new()
    {
        Outcome = SaveOutcome.Unavailable,
        Reason = "the store failed or took too long",
    };

    /// <summary>Begins to save a resident cache; of a running turn, what was there before it.</summary>
    public SaveUnderWay Begin(DeviceSession session, Action<SnapshotSave> done)
    {
        KvCache fork = session.Cache!.Fork();
        int tokens = session.Cached;
        int version = session.Version;
        if (session.Turn is { IsRunning: true } turn && turn.HistoryTokens < tokens
            && session.Cuttable(turn.HistoryTokens) == turn.HistoryTokens)
        {
            fork.Truncate(Math.Max(0, turn.HistoryTokens - (tokens - fork.LogicalLength)));
            tokens = turn.HistoryTokens;
            version = -2;
        }

        var source = new SnapshotSource
        {
            Owner = new SnapshotOwner(session.Key.Tenant, session.Key.Session),
            Terms = new SnapshotTerms(parts.Model.Fingerprint, parts.Geometry),
            Epoch = session.Epoch,
            Cache = fork,
            Tokens = session.Tokens.Span[..tokens].ToArray(),
            Trace = session.Turn?.Span?.Context ?? session.LastTrace,
            CompressionRecord = CompressionRecords.Write(fork.IsExact ? [] : session.Compressions),
        };
        long bytes = fork.Bytes;
        SaveUnderWay underWay = parts.StoreHealth.Begin(bytes / parts.SaveBytesPerSecond);
        session.Readers++;
        Task saving = parts.Store!.Begin(
            (store, cancel) => store.SaveAsync(source, cancel),
            parts.Options.TransferTimeout,
            Failed,
            save =>
            {
                session.Readers--;
                parts.StoreHealth.End(underWay, save.Outcome);
                if (save.Outcome == SaveOutcome.Published)
                {
                    parts.Speeds.Save(bytes, save.WrittenBytes, save.StoredBytes, save.Seconds);
                    session.SavedVersion = version;
                    session.ColdBytes = save.StoredBytes;
                }

                done(save);
            },
            _ => fork.Dispose());
        session.Saving = session.Saving.IsCompleted ? saving : Task.WhenAll(session.Saving, saving);
        return underWay;
    }
}
