using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>
/// Gathers the queries of a layer before RoPE, then their mean and covariance by query head, in two passes so that nothing cancels; turned
/// to the positions to come at the end.
/// </summary>
internal sealed class QueryStatisticsBuilder(ModelConfig config, QueryStatisticsRequest request, int logicalLength) : IDisposable
{
    private readonly List<Tensor> _queries = [];
    private readonly List<float[]> _means = [];
    private readonly List<float[]> _covariances = [];

    public long Bytes => _queries.Sum(q => q.BytesOf())
        + ((_means.Count + (_covariances.Count * (long)config.HeadSize)) * config.HeadSize * sizeof(float));

    /// <summary>Takes queries [rows, Hq, d]; those at skipped positions do not count.</summary>
    public void Add(int position, Tensor queries)
    {
        long skipped = Math.Clamp(request.Skip - position, 0, queries.shape[0]);
        if (skipped < queries.shape[0])
        {
            _queries.Add(queries.narrow(0, skipped, queries.shape[0] - skipped).to(ScalarType.Float32, copy: true).Keep());
        }
    }

    public void EndLayer()
    {
        int size = config.HeadSize;
        int covariance = request.Covariance ? size * size : 0;
        float[] means = new float[config.QueryHeads * size];
        float[] covariances = new float[config.QueryHeads * covariance];
        if (_queries.Count > 0)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor all = cat(_queries, 0).transpose(0, 1);
            Tensor mean = all.mean([1L], keepdim: true);
            mean.CopyTo(means);
            if (request.Covariance)
            {
                Tensor centred = all.sub(mean);
                centred.transpose(1, 2).bmm(centred).div_((float)all.shape[1]).CopyTo(covariances);
            }
        }

        for (int h = 0; h < config.QueryHeads; h++)
        {
            _means.Add(means[(h * size)..((h + 1) * size)]);
            if (request.Covariance)
            {
                _covariances.Add(covariances[(h * covariance)..((h + 1) * covariance)]);
            }
        }

        Release();
    }

    public QueryStatistics Result()
    {
        var future = new FutureQueries(config.Rotary, config.HeadSize, logicalLength, request.FuturePositions);
        float[][] means = [.. _means.Select(m => future.TurnMean(m))];
        float[][]? covariances = request.Covariance ? [.. _covariances.Select(c => future.TurnCovariance(c))] : null;
        return new QueryStatistics(config.Layers, config.QueryHeads, config.HeadSize, means, covariances);
    }

    public void Dispose() => Release();

    private void Release()
    {
        _queries.ForEach(q => q.Dispose());
        _queries.Clear();
    }
}
