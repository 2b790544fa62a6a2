using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>float32 panels [columns, 32]: used in place.</summary>
internal sealed unsafe class PackedF32 : PackedMatrix
{
    private readonly NativeBuffer _data;

    public PackedF32(WeightMatrix source)
        : base(source.Rows, source.Columns)
    {
        _data = new NativeBuffer((long)Panels * PanelRows * Columns);
        _data.Clear();
        for (int r = 0; r < Rows; r++)
        {
            ReadOnlySpan<float> row = MemoryMarshal.Cast<byte, float>(source.Row(r));
            float* to = Panel(r / PanelRows) + (r % PanelRows);
            for (int k = 0; k < row.Length; k++)
            {
                to[k * PanelRows] = row[k];
            }
        }
    }

    public override long Bytes => _data.Bytes;

    public override bool HasVectorKernel => true;

    public override int BlockColumns => 1;

    public override float* Expand(int panel, int column, int count, float* scratch) => Panel(panel) + ((long)column * PanelRows);

    public override void MultiplyVector(int panel, float* x, float* blockSums, float* y, bool accumulate)
    {
        float* w = Panel(panel);
        Vector512<float> a0 = Vector512<float>.Zero, a1 = a0, b0 = a0, b1 = a0;
        int k = 0;
        for (; k + 1 < Columns; k += 2, w += 2 * PanelRows)
        {
            Vector512<float> xa = Vector512.Create(x[k]);
            Vector512<float> xb = Vector512.Create(x[k + 1]);
            a0 = Vector512.FusedMultiplyAdd(xa, Vector512.Load(w), a0);
            a1 = Vector512.FusedMultiplyAdd(xa, Vector512.Load(w + 16), a1);
            b0 = Vector512.FusedMultiplyAdd(xb, Vector512.Load(w + 32), b0);
            b1 = Vector512.FusedMultiplyAdd(xb, Vector512.Load(w + 48), b1);
        }

        if (k < Columns)
        {
            Vector512<float> xa = Vector512.Create(x[k]);
            a0 = Vector512.FusedMultiplyAdd(xa, Vector512.Load(w), a0);
            a1 = Vector512.FusedMultiplyAdd(xa, Vector512.Load(w + 16), a1);
        }

        PanelOutput.Store(a0 + b0, a1 + b1, y, accumulate);
    }

    public override void Dispose() => _data.Dispose();

    private float* Panel(int panel) => _data.Data + ((long)panel * PanelRows * Columns);
}
