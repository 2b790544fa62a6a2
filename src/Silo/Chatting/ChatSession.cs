using KVCluster.Compression.Budgets;
using KVCluster.Inference.Backend;
using KVCluster.Silo.Options;
using KVCluster.Silo.Sessions;
using KVCluster.Silo.Terminals;
using KVCluster.Worker;

namespace KVCluster.Silo.Chatting;

/// <summary>
/// A conversation of many turns, at first perhaps about a document. Document and questions are tokenised apart, and the document is
/// compressed before a question is known: the protocol by which compression methods are compared (kvpress).
/// </summary>
internal sealed class ChatSession : IDisposable
{
    private readonly Terminal _terminal;
    private readonly ChatSettings _settings;
    private readonly ChatFraming _framing;
    private readonly Conversation _conversation;
    private bool _begun;
    private bool _ended;

    public ChatSession(Terminal terminal, LocalModel model, ChatSettings settings)
    {
        _terminal = terminal;
        _settings = settings;
        _framing = new ChatFraming(model);
        _conversation = new Conversation(model, new ConversationOptions { Observe = ObservationOptions.For(settings.Policy.Request) });
    }

    /// <summary>Tokens the conversation stands for.</summary>
    public int Tokens => _conversation.Cache.LogicalLength;

    /// <summary>Bytes of the pages its cache holds.</summary>
    public long CacheBytes => _conversation.Cache.Bytes;

    /// <summary>Reads the document into the cache.</summary>
    public Prefill ReadDocument(CancellationToken cancellationToken) =>
        Prefill.Run(_terminal, _conversation, DocumentTokens(), cancellationToken, "reading the document");

    /// <summary>Cuts the cache to a fraction of what it holds. Questions that are known serve policies that score by the task.</summary>
    public CompressionRecord Compress(double keep, CancellationToken cancellationToken)
    {
        CompressionRequest request = new(_settings.Policy, RetentionBudget.OfRatio(Retention.ToRatio(keep)))
        {
            TaskPrompts = [.. _settings.Questions.Select(q => (ReadOnlyMemory<int>)First(q))],
        };
        CompressionReport report = ProgressBars.Run(
            _terminal, "scoring", progress => _conversation.Compress(request, progress, cancellationToken));
        return CompressionRecord.Of(report, keep);
    }

    /// <summary>Asks and answers; an answer broken off stays in the conversation as far as it came.</summary>
    public ChatTurn Ask(string question, Action<string>? show, CancellationToken cancellationToken)
    {
        Prefill prompt = Prefill.Run(_terminal, _conversation, Frame(question), cancellationToken);
        _begun = true;
        _ended = false;
        Answer answer = AnswerReader.Read(_conversation, _settings.Sampling, show, cancellationToken);
        _ended = _conversation.LastCompletion!.Reason == FinishReason.EndToken;
        return new ChatTurn(question, prompt, answer);
    }

    public void Dispose() => _conversation.Dispose();

    private int[] DocumentTokens() => _settings.Document is { } document
        ? DocumentFrame.Context(_framing, _settings.System, document)
        : throw new InvalidOperationException("there is no document");

    private int[] Frame(string question) => _begun ? _framing.NextTurn(question, _ended) : First(question);

    private int[] First(string question) => _settings.Document is { } document
        ? DocumentFrame.Question(_framing, _settings.System, document, question)
        : DocumentFrame.Alone(_framing, _settings.System, question);
}
