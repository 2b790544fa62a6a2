using KVCluster.Evaluation.Samples;
using KVCluster.Inference;
using KVCluster.Inference.Sampling;
using KVCluster.Worker;

namespace KVCluster.Evaluation.Running;

/// <summary>Asks a sample's questions of a conversation that holds its context, whole or compressed. Answers are greedy.</summary>
internal sealed class QuestionRound(Sample sample, SamplePrompts prompts, EvaluationProtocol protocol)
{
    /// <summary>The answers in the questions' order; the conversation itself is changed only by the multi-turn protocol.</summary>
    public IReadOnlyList<string> Ask(Conversation conversation, CancellationToken cancellationToken)
    {
        List<string> answers = [];
        bool ended = false;
        for (int i = 0; i < sample.Questions.Count; i++)
        {
            int[] tokens = prompts.Question(i, ended);
            if (protocol == EvaluationProtocol.MultiTurn)
            {
                answers.Add(Answer(conversation, i, tokens, cancellationToken));
                ended = conversation.LastCompletion!.Reason == FinishReason.EndToken;
                continue;
            }

            using Conversation fork = conversation.Fork();
            answers.Add(Answer(fork, i, tokens, cancellationToken));
        }

        return answers;
    }

    /// <summary>The mean of the answers' scores.</summary>
    public double Score(IReadOnlyList<string> answers) =>
        answers.Select((a, i) => AnswerScore.Of(a, sample.Questions[i].Expected)).Average();

    private string Answer(Conversation conversation, int index, int[] question, CancellationToken cancellationToken)
    {
        conversation.Append(question, cancellationToken: cancellationToken);
        SamplingOptions greedy = new() { MaxTokens = prompts.AnswerLimit(index, conversation.Cache.LogicalLength) };
        foreach (GeneratedPiece _ in conversation.Generate(greedy, cancellationToken))
        {
            // Reading the pieces is what makes them.
        }

        Completion completion = conversation.LastCompletion!;
        cancellationToken.ThrowIfCancellationRequested();
        return completion.Reason is FinishReason.EndToken or FinishReason.MaxTokens
            ? completion.Text
            : throw new InputException($"an answer was cut short ({completion.Reason}): the KV arena needs more room");
    }
}
