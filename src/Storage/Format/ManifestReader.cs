using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Frames;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Format;

/// <summary>
/// Reads a manifest's body and checks that its parts fit each other, so that whoever uses it need not: layers covered once, slots without
/// gaps up to each head's length, frames as long as their rows make them. Every fault is a <see cref="MessagePackException"/>.
/// </summary>
internal static class ManifestReader
{
    /// <summary>More (layer, KV head) pairs than any model has: no memory is given to a manifest that claims more.</summary>
    private const int MaxHeads = 1 << 17;

    public static SnapshotManifest Read(ReadOnlySpan<byte> body)
    {
        var reader = new MessagePackReader(body);
        Expect(ref reader, 7);
        var owner = new SnapshotOwner(reader.ReadString(), reader.ReadString());
        var stamp = new ManifestStamp(reader.ReadInt64(), reader.ReadInt64());
        string model = reader.ReadString();
        KvGeometry geometry = ReadGeometry(ref reader);
        var copies = new SnapshotCopy[reader.ReadArrayHeader()];
        Require(copies.Length <= 2, "more than two copies");
        for (int i = 0; i < copies.Length; i++)
        {
            copies[i] = ReadCopy(ref reader, geometry);
        }

        Require(copies.Length < 2 || copies[0].Kind < copies[1].Kind, "two copies of a kind");
        Require(reader.AtEnd, "bytes past the end");
        return new SnapshotManifest { Owner = owner, Stamp = stamp, Terms = new SnapshotTerms(model, geometry), Copies = copies };
    }

    private static KvGeometry ReadGeometry(ref MessagePackReader reader)
    {
        Expect(ref reader, 5);
        int layers = reader.ReadInt32();
        int heads = reader.ReadInt32();
        int size = reader.ReadInt32();
        int type = reader.ReadInt32();
        int page = reader.ReadInt32();
        try
        {
            var geometry = new KvGeometry(layers, heads, size, (KvElementType)type, page);
            Require(geometry.PageBytes > 0 && geometry.Heads <= MaxHeads, "more heads than any model has");
            return geometry;
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            throw new MessagePackException("a shape that no cache has");
        }
    }

    private static SnapshotCopy ReadCopy(ref MessagePackReader reader, KvGeometry geometry)
    {
        Expect(ref reader, 7);
        int kind = reader.ReadInt32();
        int tokens = reader.ReadInt32();
        int logical = reader.ReadInt32();
        Require(kind is 0 or 1 && tokens > 0 && (long)tokens * geometry.Heads <= int.MaxValue, "a copy of no kind, of no tokens or of too many");
        Require(logical == tokens || (kind == 1 && logical > 0 && logical < tokens), "a next position that no cache has");
        byte[] chain = reader.ReadBinary().ToArray();
        Require(chain.Length == (long)TokenChain.Links(tokens) * TokenChain.LinkBytes, "a token chain of another length");
        byte[] record = reader.ReadBinary().ToArray();
        KvHeadLayout[] heads;
        if ((CopyKind)kind == CopyKind.Whole)
        {
            Require(reader.TryReadNil(), "a whole copy with heads of its own");
            heads = [.. Enumerable.Repeat(new KvHeadLayout(tokens), geometry.Heads)];
        }
        else
        {
            heads = ReadHeads(ref reader, geometry, logical);
        }

        return new SnapshotCopy
        {
            Kind = (CopyKind)kind,
            Tokens = tokens,
            LogicalLength = logical,
            Chain = chain,
            CompressionRecord = record,
            Heads = heads,
            Groups = ReadGroups(ref reader, geometry, heads),
        };
    }

    private static KvHeadLayout[] ReadHeads(ref MessagePackReader reader, KvGeometry geometry, int logical)
    {
        Expect(ref reader, geometry.Heads);
        var heads = new KvHeadLayout[geometry.Heads];
        ReadOnlyMemory<int>? previous = null;
        for (int i = 0; i < heads.Length; i++)
        {
            Expect(ref reader, 3);
            int length = reader.ReadInt32();
            Require(length >= 0 && length <= logical, "a head longer than the conversation");
            ReadOnlyMemory<int>? positions = null;
            if (reader.NextType == MessagePackType.Boolean)
            {
                Require(reader.ReadBoolean() && previous?.Length == length, "positions of an earlier head that has none");
                positions = previous;
            }
            else if (!reader.TryReadNil())
            {
                positions = PositionRuns.Read(ref reader, length, logical);
            }

            heads[i] = new KvHeadLayout(length, positions, reader.ReadBoolean());
            previous = positions;
        }

        return heads;
    }

    private static LayerGroup[] ReadGroups(ref MessagePackReader reader, KvGeometry geometry, KvHeadLayout[] heads)
    {
        var groups = new LayerGroup[reader.ReadArrayHeader()];
        int layer = 0;
        for (int i = 0; i < groups.Length; i++)
        {
            Expect(ref reader, 3);
            int first = reader.ReadInt32();
            int layers = reader.ReadInt32();
            Require(first == layer && layers > 0 && layers <= geometry.Layers - layer, "layers that do not follow each other");
            ReadOnlySpan<KvHeadLayout> own = heads.AsSpan(first * geometry.KvHeads, layers * geometry.KvHeads);
            groups[i] = new LayerGroup(first, layers, ReadSegments(ref reader, geometry, own));
            layer += layers;
        }

        Require(layer == geometry.Layers, "layers without rows");
        return groups;
    }

    private static FrameSegment[] ReadSegments(ref MessagePackReader reader, KvGeometry geometry, ReadOnlySpan<KvHeadLayout> heads)
    {
        var segments = new FrameSegment[reader.ReadArrayHeader()];
        int[] starts = new int[heads.Length];
        for (int i = 0; i < segments.Length; i++)
        {
            Expect(ref reader, 10);
            int[] ends = ReadEnds(ref reader, heads.Length);
            for (int h = 0; h < ends.Length; h++)
            {
                Require(ends[h] >= starts[h] && ends[h] <= heads[h].Length, "slots that do not follow each other");
            }

            segments[i] = new FrameSegment(ends, ReadFrame(ref reader));
            FrameShape shape = FrameShape.Of(heads, starts, ends);
            FrameRecord frame = segments[i].Frame;
            Require(
                shape.Rows > 0 && FrameEncoding.Allows(frame.Codec, geometry, shape, frame.Bytes - FrameCipher.Overhead(frame.KeyId)),
                "a frame of another length than its rows");
            starts = ends;
        }

        for (int h = 0; h < heads.Length; h++)
        {
            Require(starts[h] == heads[h].Length, "slots without a frame");
        }

        return segments;
    }

    private static int[] ReadEnds(ref MessagePackReader reader, int heads)
    {
        var ends = new int[heads];
        if (reader.NextType == MessagePackType.Integer)
        {
            Array.Fill(ends, reader.ReadInt32());
            return ends;
        }

        Expect(ref reader, heads);
        for (int i = 0; i < heads; i++)
        {
            ends[i] = reader.ReadInt32();
        }

        return ends;
    }

    private static FrameRecord ReadFrame(ref MessagePackReader reader)
    {
        var id = new FrameId(reader.ReadInt64(), reader.ReadUInt64(), reader.ReadInt32());
        var frame = new FrameRecord
        {
            Id = id,
            Bytes = reader.ReadInt32(),
            Checksum = reader.ReadUInt64(),
            Content = reader.ReadUInt64(),
            Decoded = reader.ReadUInt64(),
            Codec = (SnapshotCodec)reader.ReadInt32(),
            KeyId = reader.TryReadNil() ? null : reader.ReadString(),
        };
        Require(Enum.IsDefined(frame.Codec), "a codec that this version does not have");
        return frame;
    }

    private static void Expect(ref MessagePackReader reader, int count) =>
        Require(reader.ReadArrayHeader() == count, $"an array of {count} values is missing");

    private static void Require(bool condition, string fault)
    {
        if (!condition)
        {
            throw new MessagePackException(fault);
        }
    }
}
