using System.Diagnostics;
using KVCluster.Inference.Sampling;

namespace KVCluster.Worker;

/// <summary>One answer of a conversation being made, token by token as it is read.</summary>
internal sealed class Generation
{
    private readonly Conversation _conversation;
    private readonly AnswerBuilder _answer;
    private readonly Func<FinishReason?> _room;
    private readonly Stopwatch _time = new();

    public Generation(Conversation conversation, SamplingOptions options)
    {
        _conversation = conversation;
        _room = conversation.TryPrepare;
        int[] history = [.. conversation.Tokens];
        _answer = new AnswerBuilder(conversation.Model, options, history);
    }

    /// <summary>The next piece; false where the answer has ended.</summary>
    public bool Next(CancellationToken cancellationToken, out GeneratedPiece piece)
    {
        piece = default;
        if (_answer.Reason is null)
        {
            _answer.End(cancellationToken.IsCancellationRequested ? FinishReason.Cancelled : _room());
        }

        if (_answer.Reason is not null)
        {
            return false;
        }

        _time.Start();
        SampledToken sampled = _answer.Sample(_conversation.NextLogits());
        _conversation.Take(sampled.Token);
        piece = _answer.Add(sampled, _room);
        _time.Stop();
        return true;
    }

    /// <summary>Sums up; an answer that has not ended by itself was given up by its reader.</summary>
    public Completion Complete() => _answer.Complete(_time.Elapsed.TotalSeconds);
}
