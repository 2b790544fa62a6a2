using System.Globalization;
using System.Text;

namespace KVCluster.Silo.Telemetry;

/// <summary>Families in OpenMetrics' text format, version 1.0.</summary>
internal static class OpenMetricsText
{
    public const string ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    public static string Write(IReadOnlyList<(MetricFamily Family, MetricSeries[] Series)> families)
    {
        var text = new StringBuilder(32 << 10);
        foreach ((MetricFamily family, MetricSeries[] series) in families)
        {
            Head(text, family);
            foreach (MetricSeries one in series)
            {
                Series(text, family, one);
            }
        }

        return text.Append("# EOF\n").ToString();
    }

    private static void Head(StringBuilder text, MetricFamily family)
    {
        string name = family.Name.Text;
        text.Append("# TYPE ").Append(name).Append(' ').Append(family.Kind.ToString().ToLowerInvariant()).Append('\n');
        if (family.Name.Unit.Length > 0)
        {
            text.Append("# UNIT ").Append(name).Append(' ').Append(family.Name.Unit).Append('\n');
        }

        string help = family.Help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
    }

    private static void Series(StringBuilder text, MetricFamily family, MetricSeries series)
    {
        string name = family.Name.Text;
        if (family.Bounds is { } bounds)
        {
            Histogram(text, name, bounds, series);
            return;
        }

        Sample(text, family.Kind == MetricKind.Counter ? name + "_total" : name, series.Labels, null, series.Read([]));
    }

    private static void Histogram(StringBuilder text, string name, double[] bounds, MetricSeries series)
    {
        Span<long> buckets = stackalloc long[bounds.Length + 1];
        double sum = series.Read(buckets);
        long count = 0;
        for (int i = 0; i <= bounds.Length; i++)
        {
            count += buckets[i];
            Sample(text, name + "_bucket", series.Labels, i < bounds.Length ? Number(bounds[i]) : "+Inf", count);
        }

        Sample(text, name + "_sum", series.Labels, null, sum);
        Sample(text, name + "_count", series.Labels, null, count);
    }

    private static void Sample(StringBuilder text, string name, string labels, string? bound, double value)
    {
        text.Append(name);
        if (labels.Length > 0 || bound is not null)
        {
            text.Append('{').Append(labels);
            if (bound is not null)
            {
                text.Append(labels.Length > 0 ? "," : "").Append("le=\"").Append(bound).Append('"');
            }

            text.Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value == Math.Floor(value) && Math.Abs(value) < 1e15 ? value.ToString("0.0", CultureInfo.InvariantCulture)
        : value.ToString("R", CultureInfo.InvariantCulture);
}
