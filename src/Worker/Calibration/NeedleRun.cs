namespace KVCluster.Worker.Calibration;

/// <summary>A prompt with an answer in it, and what was generated after it.</summary>
/// <param name="Prompt">Token ids.</param>
/// <param name="AnswerStart">First position of the answer in the prompt.</param>
/// <param name="AnswerEnd">Behind its last position.</param>
/// <param name="Generated">Token ids generated, without an end token.</param>
public sealed record NeedleRun(int[] Prompt, int AnswerStart, int AnswerEnd, int[] Generated)
{
    /// <summary>The answer's token ids.</summary>
    public ReadOnlySpan<int> Answer => Prompt.AsSpan(AnswerStart, AnswerEnd - AnswerStart);
}
