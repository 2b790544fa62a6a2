namespace KVCluster.Compression.Policies;

/// <summary>What queries to come look like, by query head: normal distributions, as <see cref="QueryStatisticsRequest"/> asked.</summary>
public sealed class QueryStatistics
{
    private readonly float[][] _means;
    private readonly float[][]? _covariances;

    /// <summary>
    /// Takes means [d] and covariances [d, d], layer-major: entry layer * queryHeads + head. Throws ArgumentException where they do not fit.
    /// </summary>
    public QueryStatistics(int layers, int queryHeads, int headSize, float[][] means, float[][]? covariances)
    {
        ArgumentNullException.ThrowIfNull(means);
        bool fits = means.Length == layers * queryHeads && means.All(m => m.Length == headSize)
            && (covariances is null || (covariances.Length == means.Length && covariances.All(c => c.Length == headSize * headSize)));
        if (!fits)
        {
            throw new ArgumentException($"statistics for {layers} layers of {queryHeads} heads of {headSize} do not have that shape", nameof(means));
        }

        Layers = layers;
        QueryHeads = queryHeads;
        HeadSize = headSize;
        _means = means;
        _covariances = covariances;
    }

    /// <summary>Layers, L.</summary>
    public int Layers { get; }

    /// <summary>Query heads a layer, Hq.</summary>
    public int QueryHeads { get; }

    /// <summary>Numbers a query, d.</summary>
    public int HeadSize { get; }

    /// <summary>Whether the covariance was asked for.</summary>
    public bool HasCovariance => _covariances is not null;

    /// <summary>Bytes of the numbers.</summary>
    public long Bytes => (long)sizeof(float) * _means.Length * HeadSize * (HasCovariance ? HeadSize + 1 : 1);

    /// <summary>The mean query, [d].</summary>
    public ReadOnlySpan<float> Mean(int layer, int head) => _means[(layer * QueryHeads) + head];

    /// <summary>The covariance, [d, d]; empty where it was not asked for.</summary>
    public ReadOnlySpan<float> Covariance(int layer, int head) => _covariances is null ? [] : _covariances[(layer * QueryHeads) + head];
}
