using System.Text;
using KVCluster.Inference.Sampling;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Worker;

/// <summary>
/// The text side of one answer: picks tokens from logits, turns them into text, and knows when to end. Where the logits come from and
/// where the tokens go is its caller's business.
/// </summary>
internal sealed class AnswerBuilder
{
    private readonly LocalModel _model;
    private readonly Sampler _sampler;
    private readonly StopMatcher _stop;
    private readonly StreamingDetokenizer _detokenizer;
    private readonly StringBuilder _text = new();
    private readonly List<int> _tokens = [];

    /// <summary>An empty answer to a history of tokens.</summary>
    public AnswerBuilder(LocalModel model, SamplingOptions options, ReadOnlySpan<int> history)
    {
        _model = model;
        _sampler = new Sampler(options, model.Config.VocabularySize);
        _stop = new StopMatcher(options.StopStrings);
        _detokenizer = new StreamingDetokenizer(model.Tokenizer, skipSpecial: true);
        _sampler.Observe(history);
    }

    /// <summary>Why the answer has ended; null while it goes on.</summary>
    public FinishReason? Reason { get; private set; }

    /// <summary>Tokens made so far.</summary>
    public int Count => _tokens.Count;

    /// <summary>Picks the next token from its logits, [V].</summary>
    public SampledToken Sample(ReadOnlySpan<float> logits) => _sampler.Sample(logits);

    /// <summary>
    /// The piece to show for the token picked last. Whether it is the answer's last one is settled here, so that nothing is held back then:
    /// <paramref name="room"/> says why there is none for another token, or null.
    /// </summary>
    public GeneratedPiece Add(SampledToken sampled, Func<FinishReason?> room)
    {
        _tokens.Add(sampled.Token);
        string text = TextOf(sampled.Token, room);
        _text.Append(text);
        return new GeneratedPiece(sampled.Token, text, sampled.LogProbability, _sampler.TopLogProbabilities.ToArray());
    }

    /// <summary>The piece of a token that the same answer had before, made elsewhere; it comes without log-probabilities.</summary>
    /// <exception cref="Inference.InputException">The token is outside the vocabulary.</exception>
    public GeneratedPiece Replay(int token)
    {
        _sampler.Replay([token]);
        return Add(new SampledToken(token, null), () => null);
    }

    /// <summary>Ends the answer from outside, unless it has ended.</summary>
    public void End(FinishReason? reason) => Reason ??= reason;

    /// <summary>Sums up; an answer that has not ended by itself was given up by its reader.</summary>
    public Completion Complete(double seconds) => new()
    {
        Reason = Reason ?? FinishReason.Cancelled,
        Tokens = _tokens,
        Text = _text.ToString(),
        StopString = _stop.Match,
        Seconds = seconds,
        Seed = _sampler.Seed,
    };

    private string TextOf(int token, Func<FinishReason?> room)
    {
        // A model may have more rows of logits than its tokenizer has ids; such a token has no text.
        bool known = token < _model.Tokenizer.VocabularySize;
        string text = _stop.Push(known ? _detokenizer.Push(token) : "");
        Reason = ReasonAfter(token, room);
        if (Reason is null)
        {
            return text;
        }

        text += _stop.Push(_detokenizer.Flush());
        if (_stop.IsStopped)
        {
            Reason = FinishReason.StopString;
            return text;
        }

        return text + _stop.Flush();
    }

    private FinishReason? ReasonAfter(int token, Func<FinishReason?> room)
    {
        if (_stop.IsStopped)
        {
            return FinishReason.StopString;
        }

        if (_model.EndTokens.Contains(token))
        {
            return FinishReason.EndToken;
        }

        return _tokens.Count >= _sampler.Options.MaxTokens ? FinishReason.MaxTokens : room();
    }
}
