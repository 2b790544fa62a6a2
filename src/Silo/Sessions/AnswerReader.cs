using KVCluster.Inference.Sampling;
using KVCluster.Inference.Tokenization;
using KVCluster.Worker;

namespace KVCluster.Silo.Sessions;

/// <summary>Lets a conversation answer, and passes the text on as it comes.</summary>
internal static class AnswerReader
{
    /// <param name="show">Called with each piece of text; null: nobody reads along.</param>
    /// <returns>The answer; one that was broken off says so in <see cref="Answer.Finish"/>.</returns>
    public static Answer Read(
        Conversation conversation, SamplingOptions sampling, Action<string>? show, CancellationToken cancellationToken)
    {
        List<TokenScore>? scores = sampling.LogProbabilities is null ? null : [];
        foreach (GeneratedPiece piece in conversation.Generate(sampling, cancellationToken))
        {
            if (piece.Text.Length > 0)
            {
                show?.Invoke(piece.Text);
            }

            scores?.Add(Score(conversation.Model.Tokenizer, piece));
        }

        return Answer.Of(conversation.LastCompletion!, scores);
    }

    private static TokenScore Score(Tokenizer tokenizer, GeneratedPiece piece) =>
        Score(tokenizer, piece.Token, piece.LogProbability ?? float.NegativeInfinity) with
        {
            Alternatives = piece.TopLogProbabilities.Count == 0
                ? null
                : [.. piece.TopLogProbabilities.Select(t => Score(tokenizer, t.Token, t.LogProbability))],
        };

    private static TokenScore Score(Tokenizer tokenizer, int id, float logProbability) => new()
    {
        Id = id,
        Text = id < tokenizer.VocabularySize ? tokenizer.Decode([id]) : "",
        LogProbability = float.IsFinite(logProbability) ? logProbability : null,
    };
}
