using System.Diagnostics;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Sampling;
using KVCluster.Silo.Judging;
using KVCluster.Silo.Options;
using KVCluster.Silo.Sessions;
using KVCluster.Silo.Terminals;
using KVCluster.Worker;

namespace KVCluster.Silo.Comparing;

/// <summary>
/// The document, read once into an exact cache. Every row starts from a fork of it, and every question is put to a fork of that row's
/// cache, so no question profits from another.
/// </summary>
internal sealed class CompareCache : IDisposable
{
    // Answers restate the fact; what goes on much longer has lost its way.
    private const int MaxAnswerTokens = 48;

    private readonly Terminal _terminal;
    private readonly CompareMaterial _material;
    private readonly Conversation _exact;
    private readonly int[][] _questions;

    public CompareCache(
        Terminal terminal, LocalModel model, CompareMaterial material, ObservationOptions? observe, CancellationToken cancellationToken)
    {
        _terminal = terminal;
        _material = material;
        ChatFraming framing = new(model);
        _questions = [.. material.Questions.Select(q => DocumentFrame.Question(framing, system: null, material.Document, q.Question))];
        _exact = new Conversation(model, new ConversationOptions { Observe = observe });
        try
        {
            int[] context = DocumentFrame.Context(framing, system: null, material.Document);
            Document = Prefill.Run(terminal, _exact, context, cancellationToken, "reading the document");
        }
        catch
        {
            _exact.Dispose();
            throw;
        }
    }

    /// <summary>The document as it was read.</summary>
    public Prefill Document { get; }

    /// <summary>Bytes of the whole cache.</summary>
    public long Bytes => _exact.Cache.Bytes;

    /// <summary>Puts all questions to the whole cache.</summary>
    public CompareRow AskWhole(Action<CompareAnswer> answered, CancellationToken cancellationToken)
    {
        (List<CompareAnswer> answers, double seconds) = Ask(_exact, answered, cancellationToken);
        return Row(compression: null, 1, Bytes, 0, answers, seconds);
    }

    /// <summary>Scores of the whole cache for one policy, made when it first cuts: scoring costs compute, evicting costs nothing.</summary>
    public SharedScores Score() => new(_exact);

    /// <summary>Cuts a fork, then puts all questions to it. The row that did the scoring is the one that pays for it.</summary>
    public CompareRow AskCut(SharedScores scores, string specification, ICompressionPolicy policy, double keep, CancellationToken cancellationToken)
    {
        using Conversation cut = _exact.Fork();
        CompressionRequest request = new(policy, RetentionBudget.OfRatio(Retention.ToRatio(keep)))
        {
            TaskPrompts = [.. _questions.Select(q => (ReadOnlyMemory<int>)q)],
        };
        bool scored = false;
        CompressionReport report = ProgressBars.Run(
            _terminal, $"{specification}: scoring", progress => scores.Compress(cut, request, out scored, progress, cancellationToken));
        CompressionRecord record = CompressionRecord.Of(report, keep) with
        {
            Policy = specification,
            ScoringSeconds = scored ? report.ScoringSeconds : 0,
        };
        (List<CompareAnswer> answers, double seconds) = ProgressBars.Run(
            _terminal,
            $"{specification}: answering from {Retention.Percent(keep)}",
            progress =>
            {
                int done = 0;
                return Ask(cut, _ => progress((double)++done / _questions.Length), cancellationToken);
            });
        double compressSeconds = record.ScoringSeconds + record.PlanSeconds + record.ApplySeconds;
        return Row(record, keep, record.BytesAfter, compressSeconds, answers, seconds);
    }

    public void Dispose() => _exact.Dispose();

    private (List<CompareAnswer> Answers, double Seconds) Ask(
        Conversation cache, Action<CompareAnswer> answered, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        List<CompareAnswer> answers = [];
        for (int i = 0; i < _questions.Length; i++)
        {
            answers.Add(Ask(cache, i, cancellationToken));
            answered(answers[^1]);
        }

        return (answers, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private CompareAnswer Ask(Conversation cache, int index, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using Conversation asked = cache.Fork();
        asked.Append(_questions[index], cancellationToken: cancellationToken);
        Answer answer = AnswerReader.Read(asked, new SamplingOptions { MaxTokens = MaxAnswerTokens }, show: null, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        (string question, string[] expected) = _material.Questions[index];
        string text = answer.Text.Trim();
        bool right = AnswerJudge.IsRight(text, expected);
        return new CompareAnswer(question, expected, text, right, answer.Tokens.Count, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private CompareRow Row(
        CompressionRecord? compression,
        double keep,
        long bytesAfter,
        double compressSeconds,
        List<CompareAnswer> answers,
        double answerSeconds) => new()
        {
            Compression = compression,
            Keep = keep,
            Right = answers.Count(a => a.Right),
            Questions = answers.Count,
            BytesBefore = Bytes,
            BytesAfter = bytesAfter,
            CompressSeconds = compressSeconds,
            AnswerSeconds = answerSeconds,
            Answers = answers,
        };
}
