using KVCluster.Evaluation.Samples;
using KVCluster.Worker;

namespace KVCluster.Evaluation.Running;

/// <summary>
/// A sample as token ids, framed by the model's chat template as kvpress' pipeline does: the context with the frame before it, and, each
/// tokenised by itself, the questions with the frame behind them and the answer's prefix.
/// </summary>
public sealed class SamplePrompts
{
    private readonly LocalModel _model;
    private readonly ChatFraming _framing;
    private readonly Sample _sample;
    private readonly EvaluationProtocol _protocol;
    private readonly int[] _firstQuestion;

    /// <summary>Tokenises. Throws <see cref="Inference.InputException"/> where the model's template cannot frame the sample.</summary>
    public SamplePrompts(LocalModel model, ChatFraming framing, Sample sample, EvaluationProtocol protocol)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(framing);
        ArgumentNullException.ThrowIfNull(sample);
        _model = model;
        _framing = framing;
        _sample = sample;
        _protocol = protocol;
        SampleQuestion first = sample.Questions[0];
        (Context, _firstQuestion) = framing.FirstTurn(system: null, sample.Context, first.Text, first.AnswerPrefix);
    }

    /// <summary>Tokens cached and compressed before the questions.</summary>
    public IReadOnlyList<int> Context { get; }

    /// <summary>Tokens of context, questions and room for the answers: as many as the cache stands for at its longest.</summary>
    public int TotalTokens
    {
        get
        {
            IEnumerable<int> turns = _sample.Questions.Select((q, i) => Question(i, lastTurnEnded: false).Length + q.AnswerRoom);
            return Context.Count + (_protocol == EvaluationProtocol.KvPress ? turns.Max() : turns.Sum());
        }
    }

    /// <summary>
    /// Most tokens of an answer, given what the cache stands for once its question is in: as many as the sample allows and as leave room
    /// for the questions that follow.
    /// </summary>
    public int AnswerLimit(int index, int logicalLength)
    {
        int later = _protocol == EvaluationProtocol.KvPress
            ? 0
            : _sample.Questions.Select((q, i) => i <= index ? 0 : Question(i, lastTurnEnded: false).Length + q.AnswerRoom).Sum();
        return Math.Min(_sample.Questions[index].MaxNewTokens, _model.Config.ContextLength - logicalLength - later);
    }

    /// <summary>What is appended for a question; in the multi-turn protocol it first ends the answer before it.</summary>
    public int[] Question(int index, bool lastTurnEnded)
    {
        if (index == 0)
        {
            return _firstQuestion;
        }

        SampleQuestion question = _sample.Questions[index];
        if (_protocol == EvaluationProtocol.MultiTurn)
        {
            int[] turn = _framing.NextTurn(question.Text, lastTurnEnded);
            return [.. turn, .. _model.Tokenizer.Encode(question.AnswerPrefix, parseSpecial: false)];
        }

        // A later turn's words do not begin with what parts them from the context.
        bool parted = char.IsWhiteSpace(_sample.Context[^1]) || char.IsWhiteSpace(question.Text[0]);
        string text = parted ? question.Text : "\n\n" + question.Text;
        return _framing.FirstTurn(system: null, _sample.Context, text, question.AnswerPrefix).Question;
    }
}
