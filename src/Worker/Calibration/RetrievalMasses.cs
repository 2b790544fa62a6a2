using KVCluster.Compression.Scores;

namespace KVCluster.Worker.Calibration;

/// <summary>Attention of one needle run on the answer's span, step by step.</summary>
/// <param name="Heads">Query heads layer-major, [layers * query heads][steps].</param>
public sealed record RetrievalMasses(float[][] Heads)
{
    /// <summary>Each head's semantic retrieval score in this run (CompressKV): a sum over steps.</summary>
    public double[] Scores(NeedleRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return [.. Heads.Select(head => SemanticRetrieval.RunScore(head, run.Generated, run.Answer))];
    }

    /// <summary>The same as a mean over the steps whose token occurs in the answer, in [0, 1]; 0 where none does.</summary>
    public double[] Means(NeedleRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        int[] answer = run.Answer.ToArray();
        int steps = Math.Max(1, run.Generated.Count(answer.Contains));
        return [.. Scores(run).Select(score => score / steps)];
    }
}
