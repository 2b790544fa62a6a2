using System.Diagnostics.Metrics;

namespace KVCluster.Silo.Telemetry;

/// <summary>What a family's values mean.</summary>
internal enum MetricKind
{
    /// <summary>Only grows.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Counts of values in buckets.</summary>
    Histogram,
}

internal static class MetricKinds
{
    /// <summary>By the instrument's generic type, whatever number it measures.</summary>
    public static MetricKind Of(Instrument instrument) => instrument.GetType().GetGenericTypeDefinition() switch
    {
        Type t when t == typeof(Counter<>) || t == typeof(ObservableCounter<>) => MetricKind.Counter,
        Type t when t == typeof(Histogram<>) => MetricKind.Histogram,
        _ => MetricKind.Gauge,
    };
}
