using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Format;
using KVCluster.Storage.Frames;

namespace KVCluster.Storage.Snapshots;

/// <summary>
/// Makes the copy of a cache: finds which frames of the owner's last copies hold the same rows already, and writes the others. An exact
/// cache's rows are the same wherever the token chains agree; other rows where their checksums do.
/// </summary>
internal sealed class CopyWriter(SnapshotSource source, SnapshotStoreOptions options, SnapshotCodec codec, BrokenFrames broken)
{
    private readonly KvCache _cache = source.Cache;
    private readonly KvHeadLayout[] _heads = [.. source.Cache.Layout().Heads];

    /// <summary>A cache with bias pages, were they all zero, is kept as it is: with them.</summary>
    public CopyKind Kind => _cache.IsExact && !_heads.Any(h => h.HasBiases) ? CopyKind.Whole : CopyKind.Compressed;

    /// <summary>Bytes written.</summary>
    public long Written { get; private set; }

    /// <summary>Bytes of all frames that were, or are, to be written, at most.</summary>
    public long PlannedBytes { get; private set; }

    /// <summary>Frames written.</summary>
    public List<FrameId> Frames { get; } = [];

    /// <summary>The copy, every frame of it in the store; null where the store refused one.</summary>
    public async ValueTask<SnapshotCopy?> WriteAsync(
        SnapshotManifest? last, FrameWriter writer, int parallelism, CancellationToken cancellationToken)
    {
        List<Draft> drafts = [.. LayerGrouping.Of(_cache.Geometry, options).Select(g => Plan(g.First, g.Layers, last))];
        List<(Draft Draft, int Index)> work = [.. drafts.SelectMany(d => Enumerable.Range(0, d.Tasks.Count).Select(i => (d, i)))];
        PlannedBytes = work.Sum(w => MaxBytes(w.Draft.Tasks[w.Index]));
        bool refused = false;
        await ParallelWork.RunAsync(
            work,
            parallelism,
            async (item, token) =>
            {
                if (Volatile.Read(ref refused))
                {
                    return;
                }

                FrameRecord? frame = await writer.WriteAsync(item.Draft.Tasks[item.Index], token).ConfigureAwait(false);
                item.Draft.Written[item.Index] = frame;
                if (frame is null)
                {
                    Volatile.Write(ref refused, true);
                    return;
                }

                lock (Frames)
                {
                    Frames.Add(frame.Id);
                    Written += frame.Bytes;
                }
            },
            cancellationToken).ConfigureAwait(false);
        return refused ? null : Copy(drafts);
    }

    private long MaxBytes(FrameTask task)
    {
        KvHeadLayout[] heads = _heads[task.FirstHead..(task.FirstHead + task.Ends.Length)];
        return FrameEncoding.MaxBytes(codec, _cache.Geometry, FrameShape.Of(heads, task.Starts, task.Ends));
    }

    private SnapshotCopy Copy(List<Draft> drafts) => new()
    {
        Kind = Kind,
        Tokens = source.Tokens.Length,
        LogicalLength = _cache.LogicalLength,
        Chain = TokenChain.Of(source.Tokens.Span),
        CompressionRecord = source.CompressionRecord,
        Heads = _heads,
        Groups = [.. drafts.Select(d => new LayerGroup(
            d.FirstLayer,
            d.Layers,
            [.. d.Kept, .. d.Tasks.Select((t, i) => new FrameSegment(t.Ends, d.Written[i]!))]))],
    };

    private Draft Plan(int firstLayer, int layers, SnapshotManifest? last)
    {
        int firstHead = firstLayer * _cache.Geometry.KvHeads;
        int[] lengths = [.. _heads.AsSpan(firstHead, layers * _cache.Geometry.KvHeads).ToArray().Select(h => h.Length)];
        IReadOnlyList<FrameSegment> same = Reusable(firstLayer, layers, firstHead, lengths, last);
        SegmentPlan.Extension plan = SegmentPlan.Extend([.. same.Select(s => s.Ends)], lengths, options.SegmentTokens);
        var tasks = new List<FrameTask>();
        int[] starts = plan.Kept == 0 ? new int[lengths.Length] : same[plan.Kept - 1].Ends;
        foreach (int[] ends in plan.Ends)
        {
            tasks.Add(new FrameTask(firstHead, starts, ends));
            starts = ends;
        }

        return new Draft(firstLayer, layers, [.. same.Take(plan.Kept)], tasks);
    }

    /// <summary>First segments of the last copies that hold the cache's rows; of two copies the one that has more.</summary>
    private IReadOnlyList<FrameSegment> Reusable(int firstLayer, int layers, int firstHead, int[] lengths, SnapshotManifest? last)
    {
        IReadOnlyList<FrameSegment> best = [];
        foreach (SnapshotCopy copy in last?.Copies ?? [])
        {
            LayerGroup? group = copy.Groups.FirstOrDefault(g => g.FirstLayer == firstLayer && g.Layers == layers);
            if (group is null || (Kind == CopyKind.Whole && copy.Kind != CopyKind.Whole))
            {
                continue;
            }

            int agreeing = Kind == CopyKind.Whole ? TokenChain.Agreeing(copy.Chain.Span, copy.Tokens, source.Tokens.Span) : 0;
            List<FrameSegment> same = Same(group, firstHead, lengths, agreeing);
            best = Rows(same) > Rows(best) ? same : best;
        }

        return best;
    }

    private static int Rows(IReadOnlyList<FrameSegment> segments) => segments.Count == 0 ? 0 : segments[^1].Ends.Sum();

    private List<FrameSegment> Same(LayerGroup group, int firstHead, int[] lengths, int agreeing)
    {
        var same = new List<FrameSegment>();
        int[] starts = new int[lengths.Length];
        foreach (FrameSegment segment in group.Segments)
        {
            FrameRecord frame = segment.Frame;
            bool usable = !broken.Contains(frame.Id)
                && (SnapshotCodecs.IsLossless(frame.Codec) || !SnapshotCodecs.IsLossless(codec))
                && (frame.KeyId is null || options.Keys?.Find(source.Owner.Tenant, frame.KeyId) is not null)
                && segment.Ends.Zip(lengths).All(p => p.First <= p.Second);
            if (!usable || !(Kind == CopyKind.Whole ? segment.Ends.Max() <= agreeing : HoldsSameRows(segment, firstHead, starts)))
            {
                break;
            }

            same.Add(segment);
            starts = segment.Ends;
        }

        return same;
    }

    private bool HoldsSameRows(FrameSegment segment, int firstHead, int[] starts)
    {
        using PageWindow window = PageWindow.Open(_cache, firstHead, starts, segment.Ends, read: true);
        ulong checksum = FrameContent.Of(_cache, window, firstHead, starts, segment.Ends).Checksum();
        return checksum == segment.Frame.Content || checksum == segment.Frame.Decoded;
    }

    private sealed record Draft(int FirstLayer, int Layers, IReadOnlyList<FrameSegment> Kept, IReadOnlyList<FrameTask> Tasks)
    {
        public FrameRecord?[] Written { get; } = new FrameRecord?[Tasks.Count];
    }
}
