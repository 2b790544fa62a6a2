namespace KVCluster.Compression.Pressure;

/// <summary>Finds what is wrong with rows of scores.</summary>
internal static class HistogramCheck
{
    /// <summary>The first score that is NaN or minus infinity, or null. Throws ArgumentException where a row increases.</summary>
    public static ScoreFault? FirstFault(IReadOnlyList<HistogramRow> rows)
    {
        for (int row = 0; row < rows.Count; row++)
        {
            ReadOnlySpan<float> scores = rows[row].Scores.Span;
            float previous = float.PositiveInfinity;
            for (int rank = 0; rank < scores.Length; rank++)
            {
                float score = scores[rank];
                if (float.IsNaN(score) || float.IsNegativeInfinity(score))
                {
                    return new ScoreFault(row, rank, score);
                }

                if (score > previous)
                {
                    throw new ArgumentException($"row {row}: score {score} at rank {rank} follows {previous}: rows must not increase", nameof(rows));
                }

                previous = score;
            }
        }

        return null;
    }
}
