using KVCluster.Inference.Cpu.Packing;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// y = x * W^T for several matrices over the same input in one parallel section. One row takes the encodings' vector kernels, a few rows
/// the kernels that expand weights in registers; many rows share each panel, expanded to float32 a cache-sized piece at a time.
/// </summary>
internal sealed unsafe class MatrixMultiply : IIndexedWork, IDisposable
{
    /// <summary>Panels a piece covers when there is one row: long enough to be worth taking.</summary>
    private const int VectorPanels = 2;

    private readonly CpuThreadPool _pool;
    private readonly NativeBuffer[] _scratch;
    private readonly NativeBuffer _blockSums = new();
    private readonly Target[] _targets = new Target[3];
    private int _targetCount;
    private int _panelsPerPiece;
    private float* _x;
    private nint _ldx;
    private int _rows;

    public MatrixMultiply(CpuThreadPool pool)
    {
        _pool = pool;
        _scratch = new NativeBuffer[pool.Threads];
        for (int i = 0; i < _scratch.Length; i++)
        {
            _scratch[i] = new NativeBuffer();
        }
    }

    public long Bytes => _blockSums.Bytes + _scratch.Sum(s => s.Bytes);

    /// <summary>Starts a section over x [rows, W.Columns] with row stride <paramref name="ldx"/>.</summary>
    public MatrixMultiply Of(float* x, nint ldx, int rows)
    {
        _x = x;
        _ldx = ldx;
        _rows = rows;
        _targetCount = 0;
        return this;
    }

    /// <summary>
    /// Adds an output [rows, W.Rows rounded up to 32] with row stride <paramref name="ldy"/>; all matrices of a section have the same
    /// number of columns.
    /// </summary>
    public MatrixMultiply Into(PackedMatrix matrix, float* y, nint ldy, bool accumulate = false)
    {
        _targets[_targetCount++] = new Target(matrix, y, ldy, accumulate);
        return this;
    }

    public void Run()
    {
        int columns = _targets[0].Matrix.Columns;
        bool vector = _rows == 1;
        if (vector)
        {
            SumBlocks(columns);
        }

        _panelsPerPiece = vector ? VectorPanels : 1;
        int pieces = 0;
        for (int t = 0; t < _targetCount; t++)
        {
            PackedMatrix m = _targets[t].Matrix;
            pieces += (m.Panels + _panelsPerPiece - 1) / _panelsPerPiece;
            foreach (NativeBuffer scratch in _scratch)
            {
                scratch.Ensure((long)m.Depth * PackedMatrix.PanelRows);
            }
        }

        _pool.Run(pieces, this);
    }

    void IIndexedWork.Run(int index, int thread)
    {
        int t = 0;
        int first = index * _panelsPerPiece;
        for (; ; t++)
        {
            int span = (_targets[t].Matrix.Panels + _panelsPerPiece - 1) / _panelsPerPiece * _panelsPerPiece;
            if (first < span)
            {
                break;
            }

            first -= span;
        }

        Target target = _targets[t];
        int end = Math.Min(first + _panelsPerPiece, target.Matrix.Panels);
        for (int panel = first; panel < end; panel++)
        {
            float* y = target.Y + (panel * PackedMatrix.PanelRows);
            if (_rows == 1 && target.Matrix.HasVectorKernel)
            {
                target.Matrix.MultiplyVector(panel, _x, _blockSums.Data, y, target.Accumulate);
            }
            else
            {
                MultiplyPanel(target, panel, y, _scratch[thread].Data);
            }
        }
    }

    public void Dispose()
    {
        _blockSums.Dispose();
        foreach (NativeBuffer scratch in _scratch)
        {
            scratch.Dispose();
        }
    }

    private void MultiplyPanel(in Target target, int panel, float* y, float* scratch)
    {
        PackedMatrix matrix = target.Matrix;
        int depth = matrix.Depth;
        for (int k = 0; k < matrix.Columns; k += depth)
        {
            int count = Math.Min(depth, matrix.Columns - k);
            if (_rows < matrix.RowsKernelLimit)
            {
                matrix.MultiplyRows(panel, k, count, _x + k, _ldx, y, target.Ldy, _rows, target.Accumulate || k > 0);
                continue;
            }

            float* b = matrix.Expand(panel, k, count, scratch);
            GemmKernel.Multiply32(_x + k, _ldx, b, PackedMatrix.PanelRows, y, target.Ldy, _rows, count, target.Accumulate || k > 0);
        }
    }

    /// <summary>Sums of x over blocks of 32, which encodings with a minimum a block need.</summary>
    private void SumBlocks(int columns)
    {
        _blockSums.Ensure((columns / 32) + 1);
        for (int b = 0; b < columns / 32; b++)
        {
            float sum = 0;
            for (int i = 0; i < 32; i++)
            {
                sum += _x[(b * 32) + i];
            }

            _blockSums.Data[b] = sum;
        }
    }

    private readonly record struct Target(PackedMatrix Matrix, nint YAddress, nint Ldy, bool Accumulate)
    {
        public Target(PackedMatrix matrix, float* y, nint ldy, bool accumulate)
            : this(matrix, (nint)y, ldy, accumulate)
        {
        }

        public float* Y => (float*)YAddress;
    }
}
