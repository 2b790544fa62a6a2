using KVCluster.Storage;
using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Tests.Redis.Support;

/// <summary>
/// One owner's frames and manifests with contents that can be told apart: what a save and a load do at the level of blobs.
/// </summary>
internal sealed class StoreSession(IBlobStore store, string tenant = "tenant", string session = "session")
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public SnapshotOwner Owner { get; } = new(tenant, session);

    /// <summary>A frame's content follows from its name: what is read back is right or wrong for certain.</summary>
    public static byte[] Content(FrameId frame, int bytes)
    {
        byte[] content = new byte[bytes];
        new Random(HashCode.Combine(frame.Epoch, frame.Save, frame.Number)).NextBytes(content);
        return content;
    }

    public static FrameId Frame(int number, long epoch = 1) => new(epoch, 77, number);

    public async Task<FrameWrite> WriteAsync(FrameId frame, int bytes)
    {
        byte[] content = Content(frame, bytes);
        return await store.WriteFrameAsync(Owner, frame, [content.AsMemory(0, bytes / 3), content.AsMemory(bytes / 3)], default)
            .AsTask().WaitAsync(Limit);
    }

    /// <summary>What reading came to; content that is read must be the frame's.</summary>
    public async Task<FrameRead> ReadAsync(FrameId frame, int bytes)
    {
        byte[] memory = new byte[bytes];
        FrameRead read = await store.ReadFrameAsync(Owner, frame, [memory.AsMemory(0, bytes / 2), memory.AsMemory(bytes / 2)], default)
            .AsTask().WaitAsync(Limit);
        bool right = read != FrameRead.Read || memory.AsSpan().SequenceEqual(Content(frame, bytes));
        Assert.True(right, "a frame was read with foreign content");
        return read;
    }

    public async Task<PublishResult> PublishAsync(ManifestStamp? expected, ManifestStamp stamp, byte[] body, params FrameId[] frames) =>
        await store
            .PublishAsync(Owner, new ManifestPublication { Expected = expected, Stamp = stamp, Body = body, Frames = frames }, default)
            .AsTask().WaitAsync(Limit);

    public async Task<StoredManifest?> ManifestAsync() => await store.ReadManifestAsync(Owner, default).AsTask().WaitAsync(Limit);
}
