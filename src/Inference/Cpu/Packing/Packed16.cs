using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>bfloat16 or half panels [columns, 32].</summary>
internal sealed unsafe class Packed16 : PackedMatrix
{
    private readonly NativeBuffer _data;
    private readonly bool _bf16;

    public Packed16(WeightMatrix source)
        : base(source.Rows, source.Columns)
    {
        _bf16 = source.Type == ElementType.BF16;
        _data = new NativeBuffer((long)Panels * PanelRows * Columns / 2);
        _data.Clear();
        for (int r = 0; r < Rows; r++)
        {
            ReadOnlySpan<ushort> row = MemoryMarshal.Cast<byte, ushort>(source.Row(r));
            ushort* to = Panel(r / PanelRows) + (r % PanelRows);
            for (int k = 0; k < row.Length; k++)
            {
                to[k * PanelRows] = row[k];
            }
        }
    }

    public override long Bytes => _data.Bytes;

    public override bool HasVectorKernel => true;

    public override int BlockColumns => 1;

    public override float* Expand(int panel, int column, int count, float* scratch)
    {
        ushort* from = Panel(panel) + ((long)column * PanelRows);
        float* to = scratch;
        for (int i = 0; i < 2 * count; i++, from += 16, to += 16)
        {
            Load(from).Store(to);
        }

        return scratch;
    }

    public override void MultiplyVector(int panel, float* x, float* blockSums, float* y, bool accumulate)
    {
        ushort* w = Panel(panel);
        Vector512<float> a0 = Vector512<float>.Zero, a1 = a0, b0 = a0, b1 = a0;
        int k = 0;
        for (; k + 1 < Columns; k += 2, w += 2 * PanelRows)
        {
            Vector512<float> xa = Vector512.Create(x[k]);
            Vector512<float> xb = Vector512.Create(x[k + 1]);
            a0 = Vector512.FusedMultiplyAdd(xa, Load(w), a0);
            a1 = Vector512.FusedMultiplyAdd(xa, Load(w + 16), a1);
            b0 = Vector512.FusedMultiplyAdd(xb, Load(w + 32), b0);
            b1 = Vector512.FusedMultiplyAdd(xb, Load(w + 48), b1);
        }

        if (k < Columns)
        {
            Vector512<float> xa = Vector512.Create(x[k]);
            a0 = Vector512.FusedMultiplyAdd(xa, Load(w), a0);
            a1 = Vector512.FusedMultiplyAdd(xa, Load(w + 16), a1);
        }

        PanelOutput.Store(a0 + b0, a1 + b1, y, accumulate);
    }

    public override void Dispose() => _data.Dispose();

    private Vector512<float> Load(ushort* p) => _bf16 ? HalfFloats.LoadBf16(p) : HalfFloats.LoadF16(p);

    private ushort* Panel(int panel) => (ushort*)_data.Data + ((long)panel * PanelRows * Columns);
}
