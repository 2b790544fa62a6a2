using System.Diagnostics;
using System.Text;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Worker;

/// <summary>One answer being made: picks tokens, turns them into text, and knows when to end.</summary>
internal sealed class Generation
{
    private readonly Conversation _conversation;
    private readonly Sampler _sampler;
    private readonly StopMatcher _stop;
    private readonly StreamingDetokenizer _detokenizer;
    private readonly Stopwatch _time = new();
    private readonly StringBuilder _text = new();
    private readonly List<int> _tokens = [];
    private FinishReason? _reason;

    public Generation(Conversation conversation, SamplingOptions options)
    {
        _conversation = conversation;
        _sampler = new Sampler(options, conversation.Model.Config.VocabularySize);
        _stop = new StopMatcher(options.StopStrings);
        _detokenizer = new StreamingDetokenizer(conversation.Model.Tokenizer, skipSpecial: true);
        int[] history = [.. conversation.Tokens];
        _sampler.Observe(history);
    }

    /// <summary>The next piece; false where the answer has ended.</summary>
    public bool Next(CancellationToken cancellationToken, out GeneratedPiece piece)
    {
        piece = default;
        _reason ??= cancellationToken.IsCancellationRequested ? FinishReason.Cancelled : _conversation.TryPrepare();
        if (_reason is not null)
        {
            return false;
        }

        _time.Start();
        SampledToken sampled = _sampler.Sample(_conversation.NextLogits());
        _conversation.Take(sampled.Token);
        _tokens.Add(sampled.Token);
        string text = TextOf(sampled.Token);
        _text.Append(text);
        _time.Stop();
        piece = new GeneratedPiece(sampled.Token, text, sampled.LogProbability, _sampler.TopLogProbabilities.ToArray());
        return true;
    }

    /// <summary>Sums up; an answer that has not ended by itself was given up by its reader.</summary>
    public Completion Complete() => new()
    {
        Reason = _reason ?? FinishReason.Cancelled,
        Tokens = _tokens,
        Text = _text.ToString(),
        StopString = _stop.Match,
        Seconds = _time.Elapsed.TotalSeconds,
        Seed = _sampler.Seed,
    };

    /// <summary>The text to show with a token. Whether it is the last one is settled here, so that nothing is held back then.</summary>
    private string TextOf(int token)
    {
        // A model may have more rows of logits than its tokenizer has ids; such a token has no text.
        bool known = token < _conversation.Model.Tokenizer.VocabularySize;
        string text = _stop.Push(known ? _detokenizer.Push(token) : "");
        _reason = ReasonAfter(token);
        if (_reason is null)
        {
            return text;
        }

        text += _stop.Push(_detokenizer.Flush());
        if (_stop.IsStopped)
        {
            _reason = FinishReason.StopString;
            return text;
        }

        return text + _stop.Flush();
    }

    private FinishReason? ReasonAfter(int token)
    {
        if (_stop.IsStopped)
        {
            return FinishReason.StopString;
        }

        if (_conversation.Model.EndTokens.Contains(token))
        {
            return FinishReason.EndToken;
        }

        return _tokens.Count >= _sampler.Options.MaxTokens ? FinishReason.MaxTokens : _conversation.TryPrepare();
    }
}
