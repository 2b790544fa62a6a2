using System.Collections.Concurrent;
using KVCluster.Storage;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains.Tests;

/// <summary>Cold copies of scripted workers: the tokens, by session, fenced by epoch.</summary>
internal sealed class ScriptedStore
{
    private readonly ConcurrentDictionary<SessionKey, (long Epoch, int[] Tokens)> _copies = new();

    /// <summary>Takes no copy.</summary>
    public bool Refuses { get; set; }

    public IReadOnlyCollection<SessionKey> Sessions => [.. _copies.Keys];

    public int[] Find(SessionKey session) => _copies.TryGetValue(session, out var copy) ? copy.Tokens : [];

    public SnapshotSave Save(SessionKey session, long epoch, int[] tokens)
    {
        if (Refuses)
        {
            return new SnapshotSave { Outcome = SaveOutcome.Unavailable, Reason = "refused" };
        }

        (long Epoch, int[] Tokens) kept = _copies.AddOrUpdate(
            session, (epoch, tokens), (_, copy) => epoch < copy.Epoch ? copy : (epoch, tokens));
        return kept.Epoch > epoch
            ? new SnapshotSave { Outcome = SaveOutcome.Fenced, Reason = "a later epoch has published" }
            : new SnapshotSave { Outcome = SaveOutcome.Published, StoredBytes = 4 * tokens.Length, WrittenBytes = 4 * tokens.Length };
    }

    public void Delete(SessionKey session) => _copies.TryRemove(session, out _);
}
