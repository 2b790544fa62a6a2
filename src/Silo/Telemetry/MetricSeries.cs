namespace KVCluster.Silo.Telemetry;

/// <summary>One series of a family: a set of labels and what was measured under it.</summary>
/// <param name="labels">As written in the text: <c>a="b",c="d"</c>.</param>
/// <param name="bounds">Upper bounds of a histogram's buckets; null where it is none.</param>
internal sealed class MetricSeries(string labels, double[]? bounds)
{
    private readonly Lock _gate = new();
    private readonly long[] _buckets = bounds is null ? [] : new long[bounds.Length + 1];
    private double _value;

    public string Labels { get; } = labels;

    /// <summary>The collection that last saw it; of an observed instrument, what was not seen is gone.</summary>
    public long Collection { get; set; }

    /// <summary>The next series whose labels have the same hash, or null.</summary>
    public MetricSeries? Next { get; set; }

    /// <summary>The labels measured, to compare.</summary>
    public required KeyValuePair<string, object?>[] Tags { get; init; }

    public void Add(double value)
    {
        lock (_gate)
        {
            _value += value;
        }
    }

    public void Set(double value)
    {
        lock (_gate)
        {
            _value = value;
        }
    }

    /// <summary>Counts a value of a histogram.</summary>
    public void Count(double value)
    {
        int bucket = 0;
        while (bucket < bounds!.Length && value > bounds[bucket])
        {
            bucket++;
        }

        lock (_gate)
        {
            _buckets[bucket]++;
            _value += value;
        }
    }

    /// <summary>The value, or a histogram's sum; and its buckets.</summary>
    public double Read(Span<long> buckets)
    {
        lock (_gate)
        {
            _buckets.CopyTo(buckets);
            return _value;
        }
    }
}
