using System.Numerics.Tensors;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// Forms of values alone that stand for the output projection W_o behind them: ||R v||, R [d, d] upper triangular. Made of a model's
/// weights once, when they are first asked for.
/// <para>Of a query head, R'R = W_h'W_h, so that ||R v|| = ||W_o,h v||, at d / hidden of the cost.</para>
/// <para>Of a KV head, R'R = sum of c w w' / |w| over the rows w of all its query heads, with c the sum of |w|, over the group squared: by
/// Cauchy and Schwarz ||R v|| is no less than the mean over the heads of ||W_o,h v||_1, and little more where rows differ as noise does.</para>
/// </summary>
internal sealed unsafe class ProjectionFactors(CpuThreadPool pool, PackedModel model) : IDisposable
{
    private const int Panel = GemmKernel.PanelColumns;

    /// <summary>Of a Gram matrix's diagonal: covers rounding, so that bounds stay bounds.</summary>
    private const float Ridge = 1e-5f;

    private NativeBuffer? _norms;
    private NativeBuffer? _bounds;

    /// <summary>Whether forms of values are cheaper than their projection; else the Gram matrix is singular, too.</summary>
    public bool AreWorth => model.Config.HiddenSize > model.Config.HeadSize;

    public long Bytes => (_norms?.Bytes ?? 0) + (_bounds?.Bytes ?? 0);

    /// <summary>Panels of a factor, 32 outputs side by side, [d, 32] each.</summary>
    public int Panels => (Size + Panel - 1) / Panel;

    private int Size => model.Config.HeadSize;

    /// <summary>Floats of one factor.</summary>
    private long Floats => (long)Panels * Size * Panel;

    /// <summary>Factors of norms, [layers, query heads].</summary>
    public NativeBuffer Norms() => _norms ??= Make(model.Config.QueryHeads, bounds: false);

    /// <summary>Factors of bounds, [layers, KV heads].</summary>
    public NativeBuffer Bounds() => _bounds ??= Make(model.Config.KvHeads, bounds: true);

    public void Dispose()
    {
        _norms?.Dispose();
        _bounds?.Dispose();
    }

    private NativeBuffer Make(int heads, bool bounds)
    {
        var factors = new NativeBuffer(model.Config.Layers * heads * Floats);
        factors.Clear();
        int width = model.Config.QueryHeads * Size;
        int outputs = (model.Config.HiddenSize + Panel - 1) / Panel;
        using var expanded = new NativeBuffer((long)outputs * width * Panel);
        for (int layer = 0; layer < model.Config.Layers; layer++)
        {
            int at = layer;
            pool.Run(outputs, new DelegateWork(panel =>
            {
                float* to = expanded.Data + ((long)panel * width * Panel);
                float* from = model.Layers[at].AttentionOutput.Expand(panel, 0, width, to);
                if (from != to)
                {
                    Buffer.MemoryCopy(from, to, (long)width * Panel * sizeof(float), (long)width * Panel * sizeof(float));
                }
            }));
            pool.Run(heads, new DelegateWork(head =>
            {
                float[] factor = bounds ? Bound(expanded.Data, width, outputs, head) : Norm(expanded.Data, width, outputs, head);
                Arrange(factor, factors.Data + ((((long)at * heads) + head) * Floats));
            }));
        }

        return factors;
    }

    private float[] Norm(float* expanded, int width, int outputs, int head)
    {
        float[] gram = ProjectionGram.Of(expanded + ((long)head * Size * Panel), (long)width * Panel, outputs, Size);
        return ProjectionGram.Factor(gram, Size);
    }

    private float[] Bound(float* expanded, int width, int outputs, int kvHead)
    {
        int group = model.Config.GroupSize;
        int length = Size * Panel;
        using var scaled = new NativeBuffer((long)group * outputs * length);
        double sum = 0;
        for (int i = 0; i < group * outputs; i++)
        {
            float* from = expanded + ((((long)(i / group) * width) + (((kvHead * group) + (i % group)) * Size)) * Panel);
            sum += Scale(new ReadOnlySpan<float>(from, length), new Span<float>(scaled.Data + ((long)i * length), length));
        }

        float[] gram = ProjectionGram.Of(scaled.Data, length, group * outputs, Size);
        float largest = 0;
        for (int i = 0; i < Size; i++)
        {
            largest = Math.Max(largest, gram[(i * Size) + i]);
        }

        for (int i = 0; i < Size; i++)
        {
            gram[(i * Size) + i] += Ridge * largest;
        }

        float[] factor = ProjectionGram.Factor(gram, Size);
        TensorPrimitives.Multiply(factor, (float)(Math.Sqrt(sum) / group * (1 + Ridge)), factor);
        return factor;
    }

    /// <summary>Each of a panel's 32 rows of weights, its columns here, divided by the root of its length; gives the sum of the lengths.</summary>
    private double Scale(ReadOnlySpan<float> panel, Span<float> scaled)
    {
        double sum = 0;
        Span<float> roots = stackalloc float[Panel];
        for (int output = 0; output < Panel; output++)
        {
            double squares = 0;
            for (int i = output; i < panel.Length; i += Panel)
            {
                squares += (double)panel[i] * panel[i];
            }

            double length = Math.Sqrt(squares);
            sum += length;
            roots[output] = length > 0 ? (float)(1 / Math.Sqrt(length)) : 0;
        }

        for (int i = 0; i < Size; i++)
        {
            TensorPrimitives.Multiply(panel.Slice(i * Panel, Panel), roots, scaled.Slice(i * Panel, Panel));
        }

        return sum;
    }

    /// <summary>Row i of R is an output: a column of a panel.</summary>
    private void Arrange(float[] factor, float* panels)
    {
        for (int i = 0; i < factor.Length; i++)
        {
            int output = i / Size;
            panels[((((long)(output / Panel) * Size) + (i % Size)) * Panel) + (output % Panel)] = factor[i];
        }
    }
}
