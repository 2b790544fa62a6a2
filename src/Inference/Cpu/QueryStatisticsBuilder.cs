using System.Numerics.Tensors;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// Gathers the queries of a layer before RoPE, then their mean and covariance by query head, in two passes so that nothing cancels; turned
/// to the positions to come at the end.
/// </summary>
internal sealed unsafe class QueryStatisticsBuilder : IIndexedWork, IDisposable
{
    private readonly CpuThreadPool _pool;
    private readonly LayerPipeline _pipeline;
    private readonly ModelConfig _config;
    private readonly QueryStatisticsRequest _request;
    private readonly int _logicalLength;
    private readonly NativeBuffer _queries = new();
    private readonly List<float[]> _means = [];
    private readonly List<float[]> _covariances = [];
    private readonly IIndexedWork _layerWork;
    private int _position;
    private int _count;

    public QueryStatisticsBuilder(
        CpuThreadPool pool, LayerPipeline pipeline, ModelConfig config, QueryStatisticsRequest request, int logicalLength)
    {
        _pool = pool;
        _pipeline = pipeline;
        _config = config;
        _request = request;
        _logicalLength = logicalLength;
        _layerWork = new DelegateWork(Summarize);
    }

    public long Bytes => _queries.Bytes + ((_means.Count + (_covariances.Count * (long)_config.HeadSize)) * _config.HeadSize * sizeof(float));

    private int Width => _config.QueryHeads * _config.HeadSize;

    public void BeginLayer(int tokens)
    {
        _queries.Ensure((long)tokens * Width);
        _count = 0;
        for (int h = 0; h < _config.QueryHeads; h++)
        {
            _means.Add(new float[_config.HeadSize]);
            if (_request.Covariance)
            {
                _covariances.Add(new float[_config.HeadSize * _config.HeadSize]);
            }
        }
    }

    /// <summary>Takes the rows just projected; those at skipped positions do not count.</summary>
    public void Add(int position, int rows)
    {
        _position = position;
        _pool.Run(rows, this);
        _count += Math.Max(0, Math.Min(rows, position + rows - _request.Skip));
    }

    void IIndexedWork.Run(int index, int thread)
    {
        int slot = _count + index - Math.Max(0, _request.Skip - _position);
        if (_position + index < _request.Skip)
        {
            return;
        }

        for (int h = 0; h < _config.QueryHeads; h++)
        {
            _pipeline.UnrotateQuery(index, h, Query(slot, h));
        }
    }

    public void EndLayer() => _pool.Run(_config.QueryHeads, _layerWork);

    public QueryStatistics Result()
    {
        var future = new FutureQueries(_config.Rotary, _config.HeadSize, _logicalLength, _request.FuturePositions);
        float[][] means = [.. _means.Select(m => future.TurnMean(m))];
        float[][]? covariances = _request.Covariance ? [.. _covariances.Select(c => future.TurnCovariance(c))] : null;
        return new QueryStatistics(_config.Layers, _config.QueryHeads, _config.HeadSize, means, covariances);
    }

    public void Dispose() => _queries.Dispose();

    private Span<float> Query(int slot, int head) => new(_queries.Data + ((long)slot * Width) + (head * _config.HeadSize), _config.HeadSize);

    private void Summarize(int head)
    {
        if (_count == 0)
        {
            return;
        }

        int size = _config.HeadSize;
        int index = _means.Count - _config.QueryHeads + head;
        float[] mean = _means[index];
        for (int i = 0; i < _count; i++)
        {
            TensorPrimitives.Add(mean, Query(i, head), mean);
        }

        TensorPrimitives.Divide(mean, (float)_count, mean);
        if (!_request.Covariance)
        {
            return;
        }

        Covariance(head, mean, _covariances[index]);
    }

    // X'X of the centred queries X, as a matrix product of X' [d, count] and X [count, d].
    private void Covariance(int head, float[] mean, float[] covariance)
    {
        int size = _config.HeadSize;
        int padded = (size + GemmKernel.PanelColumns - 1) / GemmKernel.PanelColumns * GemmKernel.PanelColumns;
        using var rows = new NativeBuffer((long)_count * padded);
        using var columns = new NativeBuffer((long)_count * size);
        using var product = new NativeBuffer((long)size * padded);
        rows.Clear();
        for (int i = 0; i < _count; i++)
        {
            Span<float> centred = new(rows.Data + ((long)i * padded), size);
            TensorPrimitives.Subtract(Query(i, head), mean, centred);
            for (int a = 0; a < size; a++)
            {
                columns.Data[((long)a * _count) + i] = centred[a];
            }
        }

        for (int panel = 0; panel < padded; panel += GemmKernel.PanelColumns)
        {
            GemmKernel.Multiply32(
                columns.Data, _count, rows.Data + panel, padded, product.Data + panel, padded, size, _count, accumulate: false);
        }

        for (int a = 0; a < size; a++)
        {
            ReadOnlySpan<float> line = new(product.Data + ((long)a * padded), size);
            TensorPrimitives.Divide(line, (float)_count, covariance.AsSpan(a * size, size));
        }
    }
}
