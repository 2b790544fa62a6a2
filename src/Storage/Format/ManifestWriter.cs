using KVCluster.Inference.Kv;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Format;

/// <summary>Writes a manifest's body; docs/cold-format.md has it byte by byte.</summary>
internal static class ManifestWriter
{
    public static ReadOnlyMemory<byte> Write(SnapshotManifest manifest)
    {
        var writer = new MessagePackWriter(4096);
        writer.WriteArrayHeader(7);
        writer.Write(manifest.Owner.Tenant);
        writer.Write(manifest.Owner.Session);
        writer.Write(manifest.Stamp.Epoch);
        writer.Write(manifest.Stamp.Generation);
        writer.Write(manifest.Terms.ModelFingerprint);
        Write(writer, manifest.Terms.Geometry);
        writer.WriteArrayHeader(manifest.Copies.Count);
        foreach (SnapshotCopy copy in manifest.Copies)
        {
            Write(writer, copy);
        }

        return writer.Written;
    }

    private static void Write(MessagePackWriter writer, KvGeometry geometry)
    {
        writer.WriteArrayHeader(5);
        writer.Write((long)geometry.Layers);
        writer.Write((long)geometry.KvHeads);
        writer.Write((long)geometry.HeadSize);
        writer.Write((long)geometry.ElementType);
        writer.Write((long)geometry.PageTokens);
    }

    private static void Write(MessagePackWriter writer, SnapshotCopy copy)
    {
        writer.WriteArrayHeader(7);
        writer.Write((long)copy.Kind);
        writer.Write((long)copy.Tokens);
        writer.Write((long)copy.LogicalLength);
        writer.Write(copy.Chain.Span);
        writer.Write(copy.CompressionRecord.Span);
        if (copy.Kind == CopyKind.Whole)
        {
            writer.WriteNil();
        }
        else
        {
            WriteHeads(writer, copy.Heads);
        }

        writer.WriteArrayHeader(copy.Groups.Count);
        foreach (LayerGroup group in copy.Groups)
        {
            writer.WriteArrayHeader(3);
            writer.Write((long)group.FirstLayer);
            writer.Write((long)group.Layers);
            writer.WriteArrayHeader(group.Segments.Count);
            foreach (FrameSegment segment in group.Segments)
            {
                Write(writer, segment);
            }
        }
    }

    private static void WriteHeads(MessagePackWriter writer, IReadOnlyList<KvHeadLayout> heads)
    {
        writer.WriteArrayHeader(heads.Count);
        KvHeadLayout? previous = null;
        foreach (KvHeadLayout head in heads)
        {
            writer.WriteArrayHeader(3);
            writer.Write((long)head.Length);
            if (head.Positions is not { } positions)
            {
                writer.WriteNil();
            }
            else if (previous?.Positions is { } same && same.Span.SequenceEqual(positions.Span))
            {
                writer.Write(true);
            }
            else
            {
                PositionRuns.Write(writer, positions.Span);
            }

            writer.Write(head.HasBiases);
            previous = head;
        }
    }

    private static void Write(MessagePackWriter writer, FrameSegment segment)
    {
        FrameRecord frame = segment.Frame;
        writer.WriteArrayHeader(10);
        WriteEnds(writer, segment.Ends);
        writer.Write(frame.Id.Epoch);
        writer.WriteFixed(frame.Id.Save);
        writer.Write((long)frame.Id.Number);
        writer.Write((long)frame.Bytes);
        writer.WriteFixed(frame.Checksum);
        writer.WriteFixed(frame.Content);
        writer.WriteFixed(frame.Decoded);
        writer.Write((long)frame.Codec);
        writer.Write(frame.KeyId);
    }

    private static void WriteEnds(MessagePackWriter writer, int[] ends)
    {
        if (ends.AsSpan().IndexOfAnyExcept(ends[0]) < 0)
        {
            writer.Write((long)ends[0]);
            return;
        }

        writer.WriteArrayHeader(ends.Length);
        foreach (int end in ends)
        {
            writer.Write((long)end);
        }
    }
}
