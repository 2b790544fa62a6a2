namespace KVCluster.Silo.Telemetry;

/// <summary>A name as Prometheus writes it: the instrument's with underscores, the unit at its end; counters' samples end with <c>_total</c> besides.</summary>
/// <param name="Text">The family's name.</param>
/// <param name="Unit">The unit at its end; empty: none.</param>
internal readonly record struct MetricName(string Text, string Unit)
{
    public static MetricName Of(string instrument, string? unit)
    {
        string name = Plain(instrument);
        string suffix = Suffix(unit);
        return suffix.Length == 0 ? new(name, "")
            : name.EndsWith("_" + suffix, StringComparison.Ordinal) ? new(name, suffix)
            : new($"{name}_{suffix}", suffix);
    }

    public static string Plain(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':' ? c : '_'));

    private static string Suffix(string? unit) => unit switch
    {
        "By" => "bytes",
        "s" => "seconds",
        "By/s" => "bytes_per_second",
        "%" => "percent",
        null or "" or "1" => "",
        _ => unit.EndsWith("/s", StringComparison.Ordinal) ? "per_second" : "",
    };
}
