using KVCluster.Inference.Kv;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>How pages of the arena move: within it, and to and from the host in the layout of every backend.</summary>
internal interface IPageMover : IDisposable
{
    /// <summary>Bytes of staging buffers, on the device and on the host.</summary>
    long StagingBytes { get; }

    /// <summary>Copies pages out, [pages, PageBytes]; returns when they are there. Any thread may call it while the device computes.</summary>
    void Export(ReadOnlySpan<int> pages, Span<byte> destination);

    /// <summary>Copies pages in; what the device computes from here on finds them. Any thread may call it.</summary>
    void Import(ReadOnlySpan<int> pages, ReadOnlySpan<byte> source);

    /// <summary>Copies a contiguous tensor's bytes to the host.</summary>
    void Read(Tensor tensor, Span<byte> destination);

    /// <summary>Copies pages from[i] to to[i]; no target is a source.</summary>
    void Copy(ReadOnlySpan<int> from, ReadOnlySpan<int> to);

    /// <summary>Moves kept rows of keys and values down in place, and their scales.</summary>
    void Compact(IReadOnlyList<HeadCompaction> heads);
}
