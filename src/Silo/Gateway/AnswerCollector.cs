using KVCluster.Grains;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Gateway;

/// <summary>Puts one answer together from its chunks.</summary>
internal sealed class AnswerCollector(ServedModel model, CompletionJob job)
{
    private readonly AnswerText _text = new(job.UseTools);
    private readonly List<TokenLogprob> _logprobs = [];

    public string Text => _text.Text;

    public IReadOnlyList<TokenLogprob> Logprobs => _logprobs;

    /// <summary>The acknowledgement; null until the answer is whole.</summary>
    public TurnResult? Result { get; private set; }

    public IReadOnlyList<ParsedCall> Calls => _text.Calls;

    /// <summary>OpenAI's word for why the answer ended.</summary>
    public string FinishReason => Calls.Count > 0 ? "tool_calls" : Result?.Finish switch
    {
        TurnFinish.MaxTokens or TurnFinish.ContextFull or TurnFinish.ArenaFull => "length",
        _ => "stop",
    };

    public void Add(TokenChunk chunk)
    {
        _text.Append(chunk.Text);
        if (chunk.LogProbability is { } probability && chunk.Tokens is [int token])
        {
            _logprobs.Add(new TokenLogprob(
                TextOf(token),
                probability,
                BytesOf(token),
                [.. chunk.Alternatives.Select(a => new AlternativeLogprob(TextOf(a.Token), a.LogProbability, BytesOf(a.Token)))]));
        }

        if (chunk.Result is { } result)
        {
            Result = result;
            _text.End();
        }
    }

    /// <summary>Text that may be shown and was not yet; what may turn out to be a tool call is held back until the end.</summary>
    public string TakeText() => _text.Take();

    private string TextOf(int token) => token < model.Tokenizer.VocabularySize ? model.Tokenizer.Decode([token]) : "";

    private int[] BytesOf(int token) => token < model.Tokenizer.VocabularySize
        ? Array.ConvertAll(model.Tokenizer.TokenBytes(token).ToArray(), b => (int)b)
        : [];
}
