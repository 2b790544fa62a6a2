using KVCluster.Inference.Quantization;

namespace KVCluster.Inference.Models;

/// <summary>
/// Consecutive rows of a stored tensor, read where they lie. Rows are addressed one by one, so a tensor may be larger than a span; their
/// order can differ from the file's without anything being copied, since every encoding keeps whole rows.
/// </summary>
internal sealed class MappedMatrix : WeightMatrix
{
    private readonly MappedFile _file;
    private readonly long _start;
    private readonly int _rowBytes;
    private readonly int _interleavedHeadSize;

    /// <param name="tensor">A tensor [rows, columns] of a type weights have.</param>
    /// <param name="firstRow">First row of the part.</param>
    /// <param name="rows">Rows of the part.</param>
    /// <param name="interleavedHeadSize">
    /// d where the file holds each head's rows in the order of rotary pairs (0, d/2, 1, d/2 + 1, ...), as GGUF does for architecture
    /// llama; 0 where rows lie in the model's own order.
    /// </param>
    public MappedMatrix(StoredTensor tensor, int firstRow, int rows, int interleavedHeadSize)
        : base(tensor.Name, tensor.Type!.Value, rows, checked((int)tensor.Shape[1]))
    {
        _file = tensor.File;
        _rowBytes = ElementTypes.RowBytes(Type, Columns);
        _start = tensor.Offset + ((long)firstRow * _rowBytes);
        _interleavedHeadSize = interleavedHeadSize;
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        int stored = _interleavedHeadSize == 0 ? row : Interleaving.StoredRow(row, _interleavedHeadSize);
        return _file.Span(_start + ((long)stored * _rowBytes), _rowBytes);
    }

    /// <inheritdoc/>
    public override void ReleaseResidentPages() => _file.ReleaseResidentPages(_start, (long)Rows * _rowBytes);
}
