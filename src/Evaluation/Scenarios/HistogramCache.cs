using KVCluster.Compression.Pressure;

namespace KVCluster.Evaluation.Scenarios;

/// <summary>Synthetic histograms by spread and length, made once: sessions of equal length share theirs.</summary>
internal sealed class HistogramCache(ScenarioModel model, int seed)
{
    private readonly Dictionary<(double Spread, int Tokens), ScoreHistogram> _made = [];

    public ScoreHistogram Of(double spread, int tokens)
    {
        if (!_made.TryGetValue((spread, tokens), out ScoreHistogram? histogram))
        {
            // Rows share a token's bytes evenly, hence rounded down.
            histogram = SyntheticScores.Histogram(seed + tokens, tokens, model.Rows, model.TokenBytes, spread, model.Floor, model.PageTokens);
            _made.Add((spread, tokens), histogram);
        }

        return histogram;
    }

    public long BytesOf(int tokens) => tokens * (model.TokenBytes / model.Rows) * model.Rows;

    public int InPages(int tokens) => (tokens + model.PageTokens - 1) / model.PageTokens * model.PageTokens;
}
