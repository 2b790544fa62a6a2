using System.Diagnostics.Metrics;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>
/// What session grains export under the meter <see cref="MeterName"/> (docs/metrics.md): turns by OpenTelemetry's conventions for generative AI, moves and
/// errors. No label names a session or tenant.
/// </summary>
public static class GrainMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "KVCluster.Grains";

    private static readonly Meter Meter = new(MeterName);
    private static readonly KeyValuePair<string, object?> Operation = new("gen_ai.operation.name", "chat");
    private static readonly KeyValuePair<string, object?> Provider = new("gen_ai.provider.name", "kvcluster");

    private static readonly Histogram<double> FirstToken = Meter.CreateHistogram(
        "gen_ai.server.time_to_first_token", "s", "From a turn's call to its first token, of turns that succeeded.", null,
        Buckets(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0));

    private static readonly Histogram<double> PerToken = Meter.CreateHistogram(
        "gen_ai.server.time_per_output_token", "s", "Mean time of an answer's tokens after the first.", null,
        Buckets(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5));

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "gen_ai.server.request.duration", "s", "From a turn's call to its end.", null,
        Buckets(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92));

    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>(
        "gen_ai.client.token.usage", "{token}", "Tokens of turns: input (history and prompt) and output.");

    private static readonly Counter<long> Cached = Meter.CreateCounter<long>(
        "kvcluster.prompt_tokens_cached", "{token}", "Input tokens of turns that did not have to be computed.");

    private static readonly Counter<long> Moves = Meter.CreateCounter<long>("kvcluster.moves", "{move}", "Sessions moved to another node.");

    private static readonly Counter<long> Restarts = Meter.CreateCounter<long>(
        "kvcluster.session_restarts", "{session}", "Activations that gave up after an error, to start over from what is durable.");

    private static readonly Histogram<double> Writes = Meter.CreateHistogram(
        "kvcluster.state_write.duration", "s", "Time to make a turn durable.", null,
        Buckets(1e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 20));

    internal static void Made(TurnEnd end, int inputTokens, int cachedTokens)
    {
        int output = end.Completion?.Tokens.Count ?? 0;
        Duration.Record(end.Seconds, Operation, Provider);
        Tokens.Add(inputTokens, Operation, Provider, new("gen_ai.token.type", "input"));
        Tokens.Add(output, Operation, Provider, new("gen_ai.token.type", "output"));
        Cached.Add(cachedTokens);
        if (output > 0)
        {
            FirstToken.Record(end.FirstTokenSeconds, Operation, Provider);
        }

        if (output > 1)
        {
            PerToken.Record((end.Seconds - end.FirstTokenSeconds) / (output - 1), Operation, Provider);
        }
    }

    internal static void Moved() => Moves.Add(1);

    internal static void Restarted() => Restarts.Add(1);

    internal static void Wrote(double seconds) => Writes.Record(seconds);

    private static InstrumentAdvice<double> Buckets(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };
}
