using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// The parts of a decoder layer around attention, over a chunk of rows of the residual stream, with the activations they need. Row strides
/// are padded: kernels write whole panels of 32, and strides that are powers of two would collide in the caches.
/// </summary>
internal sealed unsafe class LayerPipeline : IDisposable
{
    private readonly CpuThreadPool _pool;
    private readonly PackedModel _model;
    private readonly ModelConfig _config;
    private readonly MatrixMultiply _multiply;
    private readonly NativeBuffer _normed;
    private readonly NativeBuffer _queries;
    private readonly NativeBuffer _keys;
    private readonly NativeBuffer _values;
    private readonly NativeBuffer _attention;
    private readonly NativeBuffer _gate;
    private readonly NativeBuffer _up;
    private readonly IIndexedWork _normWork;
    private readonly IIndexedWork _rotateWork;
    private readonly IIndexedWork _gateWork;
    private readonly int _half;
    private PackedLayer _layer = null!;
    private RotaryAngles _angles = null!;
    private int _firstAngle;
    private bool _queriesOnly;
    private float[] _normWeight = [];
    private float* _x;

    public LayerPipeline(CpuThreadPool pool, PackedModel model, int maxRows)
    {
        _pool = pool;
        _model = model;
        _config = model.Config;
        _multiply = new MatrixMultiply(pool);
        _half = _config.HeadSize / 2;
        HiddenStride = Stride(_config.HiddenSize);
        QueryStride = Stride(_config.QueryHeads * _config.HeadSize);
        KeyStride = Stride(_config.KvHeads * _config.HeadSize);
        FeedForwardStride = Stride(_config.FeedForwardSize);
        _normed = new NativeBuffer((long)maxRows * HiddenStride);
        _queries = new NativeBuffer((long)maxRows * QueryStride);
        _keys = new NativeBuffer((long)maxRows * KeyStride);
        _values = new NativeBuffer((long)maxRows * KeyStride);
        _attention = new NativeBuffer((long)maxRows * QueryStride);
        _gate = new NativeBuffer((long)maxRows * FeedForwardStride);
        _up = new NativeBuffer((long)maxRows * FeedForwardStride);
        _normWork = new DelegateWork(NormRow);
        _rotateWork = new DelegateWork(PrepareHeads);
        _gateWork = new DelegateWork(r => RowOperations.GateBySilu(
            _gate.Data + ((long)r * FeedForwardStride), _up.Data + ((long)r * FeedForwardStride), _config.FeedForwardSize));
    }

    /// <summary>Floats between two rows of the residual stream.</summary>
    public int HiddenStride { get; }

    public int QueryStride { get; }

    public int KeyStride { get; }

    public int FeedForwardStride { get; }

    /// <summary>[rows, Hq * d]: RoPE and 1/sqrt(d) applied.</summary>
    public float* Queries => _queries.Data;

    /// <summary>[rows, Hkv * d]: RoPE applied.</summary>
    public float* Keys => _keys.Data;

    public float* Values => _values.Data;

    /// <summary>[rows, hidden]: what <see cref="Project"/> projected, normed.</summary>
    public float* Normed => _normed.Data;

    /// <summary>[rows, Hq * d]: to be filled by the attention kernels.</summary>
    public float* Attention => _attention.Data;

    public long Bytes => _multiply.Bytes + _normed.Bytes + _queries.Bytes + _keys.Bytes + _values.Bytes + _attention.Bytes
        + _gate.Bytes + _up.Bytes;

    public static int Stride(int columns)
    {
        int padded = (columns + 31) / 32 * 32;
        return padded % 256 == 0 ? padded + 16 : padded;
    }

    /// <summary>Writes embeddings of tokens into rows of the residual stream.</summary>
    public void Embed(ReadOnlySpan<int> tokens, float* x)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            _model.Embedding.DequantizeRow(tokens[i], new Span<float>(x + ((long)i * HiddenStride), _config.HiddenSize));
        }
    }

    /// <summary>
    /// Queries, keys and values of rows of the residual stream, whose angles begin at <paramref name="firstAngle"/>; or their queries only,
    /// where keys and values are in the cache already.
    /// </summary>
    public void Project(int layer, float* x, int rows, RotaryAngles angles, int firstAngle = 0, bool queriesOnly = false)
    {
        _queriesOnly = queriesOnly;
        _angles = angles;
        _firstAngle = firstAngle;
        _layer = _model.Layers[layer];
        Norm(x, rows, _layer.Weights.AttentionNorm);
        _multiply.Of(_normed.Data, HiddenStride, rows).Into(_layer.Query, _queries.Data, QueryStride);
        if (!queriesOnly)
        {
            _multiply.Into(_layer.Key, _keys.Data, KeyStride).Into(_layer.Value, _values.Data, KeyStride);
        }

        _multiply.Run();
        _pool.Run(rows, _rotateWork);
    }

    /// <summary>One query head's query [d] of a projected row as it was before RoPE and scaling.</summary>
    public void UnrotateQuery(int row, int head, Span<float> query)
    {
        float* rotated = Queries + ((long)row * QueryStride) + (head * _config.HeadSize);
        float* cos = _angles.Cos(_firstAngle + row);
        float* sin = _angles.Sin(_firstAngle + row);

        // cos and sin carry YaRN's scale: a turn there and back multiplies by its square.
        float scale = MathF.Sqrt(_config.HeadSize) / (_config.Rotary.AttentionScale * _config.Rotary.AttentionScale);
        for (int i = 0; i < _half; i++)
        {
            float a = rotated[i];
            float b = rotated[i + _half];
            query[i] = ((a * cos[i]) + (b * sin[i])) * scale;
            query[i + _half] = ((b * cos[i]) - (a * sin[i])) * scale;
        }
    }

    /// <summary>x += Wo * attention, then x += feed-forward(x).</summary>
    public void Finish(int layer, float* x, int rows)
    {
        _layer = _model.Layers[layer];
        _multiply.Of(_attention.Data, QueryStride, rows).Into(_layer.AttentionOutput, x, HiddenStride, accumulate: true).Run();
        Norm(x, rows, _layer.Weights.FeedForwardNorm);
        _multiply.Of(_normed.Data, HiddenStride, rows)
            .Into(_layer.Gate, _gate.Data, FeedForwardStride)
            .Into(_layer.Up, _up.Data, FeedForwardStride)
            .Run();
        _pool.Run(rows, _gateWork);
        _multiply.Of(_gate.Data, FeedForwardStride, rows).Into(_layer.Down, x, HiddenStride, accumulate: true).Run();
    }

    /// <summary>Final norm of rows and their logits, [rows, V padded to 32].</summary>
    public void Logits(float* x, int rows, float* logits, int logitsStride)
    {
        Norm(x, rows, _model.FinalNorm);
        _multiply.Of(_normed.Data, HiddenStride, rows).Into(_model.Output!, logits, logitsStride).Run();
    }

    /// <summary>The final norm of one row, for traces.</summary>
    public void FinalNorm(ReadOnlySpan<float> x, Span<float> y) =>
        RowOperations.RmsNorm(x, _model.FinalNorm, _config.RmsNormEpsilon, y);

    public void Dispose()
    {
        _multiply.Dispose();
        foreach (NativeBuffer buffer in (NativeBuffer[])[_normed, _queries, _keys, _values, _attention, _gate, _up])
        {
            buffer.Dispose();
        }
    }

    private void Norm(float* x, int rows, float[] weight)
    {
        _x = x;
        _normWeight = weight;
        _pool.Run(rows, _normWork);
    }

    private void NormRow(int row)
    {
        ReadOnlySpan<float> x = new(_x + ((long)row * HiddenStride), _config.HiddenSize);
        Span<float> y = new(_normed.Data + ((long)row * HiddenStride), _config.HiddenSize);
        RowOperations.RmsNorm(x, _normWeight, _config.RmsNormEpsilon, y);
    }

    /// <summary>Biases, per-head norms, RoPE and the softmax's scale for one row.</summary>
    private void PrepareHeads(int row)
    {
        LayerWeights w = _layer.Weights;
        float* cos = _angles.Cos(_firstAngle + row);
        float* sin = _angles.Sin(_firstAngle + row);
        float scale = 1f / MathF.Sqrt(_config.HeadSize);
        PrepareHeads(_queries.Data + ((long)row * QueryStride), _config.QueryHeads, w.QueryBias, w.QueryNorm, cos, sin, scale);
        if (_queriesOnly)
        {
            return;
        }

        PrepareHeads(_keys.Data + ((long)row * KeyStride), _config.KvHeads, w.KeyBias, w.KeyNorm, cos, sin, 1);
        AddBias(_values.Data + ((long)row * KeyStride), w.ValueBias);
    }

    private void PrepareHeads(float* heads, int count, float[]? bias, float[]? norm, float* cos, float* sin, float scale)
    {
        AddBias(heads, bias);
        for (int h = 0; h < count; h++, heads += _config.HeadSize)
        {
            if (norm is not null)
            {
                Span<float> head = new(heads, _config.HeadSize);
                RowOperations.RmsNorm(head, norm, _config.RmsNormEpsilon, head);
            }

            RowOperations.Rotate(heads, cos, sin, _half, scale);
        }
    }

    private static void AddBias(float* row, float[]? bias)
    {
        for (int i = 0; i < (bias?.Length ?? 0); i++)
        {
            row[i] += bias![i];
        }
    }
}
