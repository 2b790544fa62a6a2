using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace KVCluster.Silo.Telemetry;

/// <summary>An instrument's series. Any thread measures.</summary>
internal sealed class MetricFamily
{
    /// <summary>Series of one family at most: what comes beyond is counted under <c>overflow="true"</c>.</summary>
    public const int MaxSeries = 256;

    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private readonly Lock _gate = new();
    private readonly Dictionary<int, MetricSeries> _byHash = [];
    private readonly List<MetricSeries> _series = [];
    private MetricSeries? _last;
    private MetricSeries? _overflow;

    public MetricFamily(MetricName name, MetricKind kind, bool isObserved, string help, double[]? bounds)
    {
        Name = name;
        Kind = kind;
        IsObserved = isObserved;
        Help = help;
        Bounds = kind == MetricKind.Histogram ? bounds ?? DefaultBounds : null;
    }

    public MetricName Name { get; }

    public MetricKind Kind { get; }

    /// <summary>Whether its values are asked for at each collection.</summary>
    public bool IsObserved { get; }

    public string Help { get; }

    public double[]? Bounds { get; }

    /// <summary>The family of an instrument as it is exported.</summary>
    public static MetricFamily Of(Instrument instrument) => new(
        MetricName.Of(instrument.Name, instrument.Unit),
        MetricKinds.Of(instrument),
        instrument.IsObservable,
        instrument.Description ?? "",
        (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries?.ToArray());

    public MetricSeries[] Snapshot()
    {
        lock (_gate)
        {
            return [.. _series];
        }
    }

    public void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, long collection)
    {
        MetricSeries series = Find(tags);
        if (Kind == MetricKind.Histogram)
        {
            series.Count(value);
        }
        else if (!IsObserved)
        {
            series.Add(value);
        }
        else if (series.Collection == collection)
        {
            // Two instruments of one name and equal labels: their parts add up.
            series.Add(value);
        }
        else
        {
            series.Set(value);
        }

        series.Collection = collection;
    }

    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // Most instruments are measured under the same labels again and again.
        if (_last is { } last && Same(last.Tags, tags))
        {
            return last;
        }

        var hash = new HashCode();
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            hash.Add(tag.Key);
            hash.Add(tag.Value);
        }

        int code = hash.ToHashCode();
        lock (_gate)
        {
            _byHash.TryGetValue(code, out MetricSeries? first);
            for (MetricSeries? series = first; series is not null; series = series.Next)
            {
                if (Same(series.Tags, tags))
                {
                    return _last = series;
                }
            }

            if (_series.Count >= MaxSeries)
            {
                return _overflow ??= Added(new MetricSeries("overflow=\"true\"", Bounds) { Tags = [new("overflow", "true")] });
            }

            MetricSeries added = Added(new MetricSeries(Text(tags), Bounds) { Tags = tags.ToArray(), Next = first });
            _byHash[code] = added;
            return _last = added;
        }
    }

    private MetricSeries Added(MetricSeries series)
    {
        _series.Add(series);
        return series;
    }

    private static bool Same(KeyValuePair<string, object?>[] known, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (known.Length != tags.Length)
        {
            return false;
        }

        for (int i = 0; i < known.Length; i++)
        {
            if (!ReferenceEquals(known[i].Value, tags[i].Value) && !Equals(known[i].Value, tags[i].Value))
            {
                return false;
            }

            if (!ReferenceEquals(known[i].Key, tags[i].Key) && known[i].Key != tags[i].Key)
            {
                return false;
            }
        }

        return true;
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (text.Length > 0)
            {
                text.Append(',');
            }

            string value = Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "";
            text.Append(MetricName.Plain(tag.Key)).Append("=\"")
                .Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal))
                .Append('"');
        }

        return text.ToString();
    }
}
