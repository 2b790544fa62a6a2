using KVCluster.Storage.Blobs;
using KVCluster.Storage.Encryption;
using KVCluster.Storage.Format;

namespace KVCluster.Storage.Snapshots;

/// <summary>Reads manifests from a store and verifies them.</summary>
internal static class ManifestAccess
{
    /// <summary>What is there, verified as far as it can be without a query; a <see cref="SnapshotMissException"/> else.</summary>
    public static SnapshotManifest Open(StoredManifest? stored, SnapshotOwner owner, ITenantKeys? keys)
    {
        if (stored is null)
        {
            throw new SnapshotMissException(MissCause.Absent, "there is no copy");
        }

        if (stored.IsDamaged)
        {
            throw new SnapshotMissException(MissCause.CorruptManifest, "the store's envelope is damaged");
        }

        SnapshotManifest manifest = ManifestEnvelope.Open(stored.Body.Span, owner, keys);
        return manifest.Stamp == stored.Stamp
            ? manifest
            : throw new SnapshotMissException(MissCause.CorruptManifest, "epoch or generation is not what the store has");
    }

    /// <summary>Copies that answer a query, best first, and how many of its tokens each stands for; never none.</summary>
    public static IReadOnlyList<(SnapshotCopy Copy, int Tokens)> Answers(SnapshotManifest manifest, SnapshotQuery query)
    {
        if (manifest.Terms != query.Terms)
        {
            throw new SnapshotMissException(MissCause.ForeignTerms, "made by another model or for another shape of cache");
        }

        var answers = new List<(SnapshotCopy, int)>();
        ReadOnlySpan<int> tokens = query.Tokens.Span;
        if (!query.ExactOnly
            && manifest.Find(CopyKind.Compressed) is { } compressed
            && TokenChain.Agreeing(compressed.Chain.Span, compressed.Tokens, tokens) == compressed.Tokens)
        {
            answers.Add((compressed, compressed.Tokens));
        }

        bool exactMissing = query.ExactOnly;
        if (manifest.Find(CopyKind.Whole) is { } whole && (whole.IsExact || !query.ExactOnly))
        {
            exactMissing = false;
            int agreeing = TokenChain.Agreeing(whole.Chain.Span, whole.Tokens, tokens);
            if (agreeing > 0)
            {
                answers.Add((whole, agreeing));
            }
        }

        if (answers.Count > 0)
        {
            return answers;
        }

        throw manifest.Copies.Count == 0 ? new SnapshotMissException(MissCause.Absent, "there is no copy any more")
            : exactMissing ? new SnapshotMissException(MissCause.NotExact, "only a compressed copy is there")
            : new SnapshotMissException(MissCause.OtherTokens, "it stands for other tokens");
    }
}
