using System.Numerics.Tensors;
using KVCluster.Inference.Models;
using KVCluster.Inference.Quantization;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>
/// Encodings without a kernel of their own (5-bit and K types): blocks are decoded from the mapped file as they are needed, a panel's depth
/// at a time, so nothing is blown up in memory.
/// </summary>
internal sealed unsafe class MappedWeights : PackedMatrix
{
    private readonly WeightMatrix _source;
    private readonly int _blockElements;
    private readonly int _blockBytes;

    public MappedWeights(WeightMatrix source)
        : base(source.Rows, source.Columns)
    {
        _source = source;
        _blockElements = ElementTypes.BlockElements(source.Type);
        _blockBytes = ElementTypes.BlockBytes(source.Type);
    }

    /// <summary>In the file, not in memory of our own; counted all the same, since it is resident while it is used.</summary>
    public override long Bytes => (long)_source.RowBytes * Rows;

    public override int BlockColumns => _blockElements;

    public override bool HasVectorKernel => true;

    public override float* Expand(int panel, int column, int count, float* scratch)
    {
        Span<float> decoded = stackalloc float[256];
        int first = panel * PanelRows;
        int rows = Math.Min(PanelRows, Rows - first);
        if (rows < PanelRows)
        {
            new Span<float>(scratch, count * PanelRows).Clear();
        }

        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<byte> row = _source.Row(first + r);
            for (int c = column; c < column + count; c += _blockElements)
            {
                Span<float> values = decoded[.._blockElements];
                Dequantizer.ToSingle(_source.Type, row.Slice(c / _blockElements * _blockBytes, _blockBytes), values);
                float* to = scratch + ((c - column) * PanelRows) + r;
                for (int i = 0; i < values.Length; i++)
                {
                    to[i * PanelRows] = values[i];
                }
            }
        }

        return scratch;
    }

    /// <summary>Row by row: decoding is what costs, so nothing is transposed for a single input.</summary>
    public override void MultiplyVector(int panel, float* x, float* blockSums, float* y, bool accumulate)
    {
        Span<float> decoded = stackalloc float[256];
        Span<float> values = decoded[.._blockElements];
        int first = panel * PanelRows;
        for (int r = 0; r < PanelRows; r++)
        {
            float sum = accumulate ? y[r] : 0;
            for (int c = 0; c < Columns && first + r < Rows; c += _blockElements)
            {
                Dequantizer.ToSingle(_source.Type, _source.Row(first + r).Slice(c / _blockElements * _blockBytes, _blockBytes), values);
                sum += TensorPrimitives.Dot(values, new ReadOnlySpan<float>(x + c, _blockElements));
            }

            y[r] = sum;
        }
    }

    public override void Dispose()
    {
    }
}
