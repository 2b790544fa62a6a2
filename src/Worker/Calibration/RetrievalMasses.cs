using KVCluster.Compression.Scores;

namespace KVCluster.Worker.Calibration;

/// <summary>Attention of one needle run, step by step; query heads layer-major, [layers * query heads][steps].</summary>
/// <param name="Answer">On the answer's span.</param>
/// <param name="Far">On everything but the first and the recent tokens.</param>
public sealed record RetrievalMasses(float[][] Answer, float[][] Far)
{
    /// <summary>Each head's semantic retrieval score in this run (CompressKV).</summary>
    public double[] AnswerScores(NeedleRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return [.. Answer.Select(head => SemanticRetrieval.RunScore(head, run.Generated, run.Answer))];
    }

    /// <summary>Each head's mean far mass over the steps whose token occurs in the answer; 0 where none does.</summary>
    public double[] FarScores(NeedleRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        int[] answer = run.Answer.ToArray();
        int[] steps = [.. Enumerable.Range(0, run.Generated.Length).Where(t => answer.Contains(run.Generated[t]))];
        return [.. Far.Select(head => steps.Length == 0 ? 0 : steps.Average(t => (double)head[t]))];
    }
}
