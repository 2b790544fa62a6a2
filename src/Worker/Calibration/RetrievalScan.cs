using System.Numerics.Tensors;
using KVCluster.Compression;

namespace KVCluster.Worker.Calibration;

/// <summary>
/// What heads look at while a needle run's tokens are generated. Step t's query is the token before the one generated at t, so at t = 0 the
/// prompt's last.
/// </summary>
public static class RetrievalScan
{
    /// <summary>Measures a run; the probe holds its prompt and nothing else, and afterwards all but the last generated token too.</summary>
    public static RetrievalMasses Measure(AttentionProbe probe, NeedleRun run, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(probe);
        ArgumentNullException.ThrowIfNull(run);
        if (probe.Cache.LogicalLength != run.Prompt.Length)
        {
            throw new ArgumentException($"the probe holds {probe.Cache.LogicalLength} tokens, the prompt has {run.Prompt.Length}", nameof(probe));
        }

        float[][] answer = [];
        for (int step = 0; step < run.Generated.Length; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (step > 0)
            {
                probe.Append(run.Generated.AsMemory(step - 1, 1), cancellationToken);
            }

            AttentionScores attention = probe.LastAttention();
            answer = step == 0 ? Rows(attention, run.Generated.Length) : answer;

            for (int i = 0; i < answer.Length; i++)
            {
                ReadOnlySpan<float> row = attention.Row(i / attention.Heads, i % attention.Heads);
                answer[i][step] = TensorPrimitives.Sum(row[run.AnswerStart..run.AnswerEnd]);
            }
        }

        return new RetrievalMasses(answer);
    }

    private static float[][] Rows(AttentionScores attention, int steps) =>
        [.. Enumerable.Range(0, attention.Layers * attention.Heads).Select(_ => new float[steps])];
}
