using System.Collections.Concurrent;
using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Snapshots;

/// <summary>
/// Frames that a load found gone or damaged while a manifest named them. A save takes over what its predecessor wrote without reading it: without
/// this note every later copy would name the broken frame again, and none could be loaded.
/// </summary>
internal sealed class BrokenFrames
{
    /// <summary>Frames noted at most: beyond it all are forgotten, and noted again by the next load that meets them.</summary>
    public const int Most = 10_000;

    private readonly ConcurrentDictionary<FrameId, bool> _frames = new();

    public void Note(FrameId frame)
    {
        if (_frames.Count >= Most)
        {
            _frames.Clear();
        }

        _frames[frame] = true;
    }

    public bool Contains(FrameId frame) => _frames.ContainsKey(frame);
}
