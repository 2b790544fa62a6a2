using KVCluster.Compression;

namespace KVCluster.Worker.Calibration;

/// <summary>
/// Induction and echo heads (RazorAttention, arXiv 2407.15891; Olsson et al., 2022): in a random sequence that repeats there is no meaning to
/// follow, so a head that looks at the token's earlier occurrence (echo) or at what came behind it (induction) does so by rule.
/// </summary>
public static class InductionScan
{
    /// <summary>Runs the sequence <paramref name="repeats"/> times after what the probe holds and asks evenly spread tokens of the last time.</summary>
    /// <param name="probe">Holds nothing, or what every text of the model begins with.</param>
    /// <param name="sequence">Different token ids.</param>
    /// <param name="repeats">2 or more.</param>
    /// <param name="queries">How many tokens are asked, from 1 to the length of the sequence.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancellationToken">Looked at between two steps.</param>
    public static InductionMasses Measure(
        AttentionProbe probe,
        int[] sequence,
        int repeats,
        int queries,
        Action<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(probe);
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentOutOfRangeException.ThrowIfLessThan(repeats, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(queries, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(queries, sequence.Length);
        int begin = probe.Cache.LogicalLength;
        int[] tokens = [.. Enumerable.Repeat(sequence, repeats).SelectMany(s => s)];
        double[]? echo = null;
        double[]? induction = null;
        int done = 0;
        for (int query = 0; query < queries; query++)
        {
            int at = ((repeats - 1) * sequence.Length) + (int)((long)query * sequence.Length / queries);
            probe.Append(tokens.AsMemory(done, at + 1 - done), cancellationToken);
            done = at + 1;
            AttentionScores attention = probe.LastAttention();
            echo ??= new double[attention.Layers * attention.Heads];
            induction ??= new double[echo.Length];
            for (int i = 0; i < echo.Length; i++)
            {
                ReadOnlySpan<float> row = attention.Row(i / attention.Heads, i % attention.Heads);
                for (int earlier = at - sequence.Length; earlier >= 0; earlier -= sequence.Length)
                {
                    echo[i] += row[begin + earlier] / (double)queries;
                    induction[i] += row[begin + earlier + 1] / (double)queries;
                }
            }

            progress?.Invoke((query + 1.0) / queries);
        }

        return new InductionMasses(echo!, induction!);
    }
}
