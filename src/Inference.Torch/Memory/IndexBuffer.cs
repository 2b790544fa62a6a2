using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// The integers of one step: page numbers, rows, lengths. Gathered on the host, brought to the device in one copy, then read in slices.
/// </summary>
internal sealed class IndexBuffer(Device device)
{
    private long[] _values = new long[1024];
    private int _count;
    private Tensor? _uploaded;

    /// <summary>Starts anew.</summary>
    public void Clear()
    {
        _count = 0;
        _uploaded = null;
    }

    /// <summary>Sets room aside and gives where it begins; <see cref="Span"/> is what to fill.</summary>
    public int Add(int count)
    {
        int offset = _count;
        _count = checked(_count + count);
        if (_count > _values.Length)
        {
            Array.Resize(ref _values, Math.Max(_count, 2 * _values.Length));
        }

        return offset;
    }

    public Span<long> Span(int offset, int count) => _values.AsSpan(offset, count);

    /// <summary>Brings everything to the device; the tensor belongs to the current dispose scope.</summary>
    public void Upload() => _uploaded = Tensors.FromLongs(_values.AsSpan(0, _count), device);

    /// <summary>A part of what was uploaded, [count].</summary>
    public Tensor Slice(int offset, int count) => _uploaded!.narrow(0, offset, count);
}
