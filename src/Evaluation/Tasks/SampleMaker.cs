using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Samples;
using KVCluster.Inference;
using KVCluster.Worker;

namespace KVCluster.Evaluation.Tasks;

/// <summary>
/// Makes samples that fill a length with a model's own tokenizer and chat frame, questions and room for the answers included. The same
/// model, seed, task, length and index always give the same sample.
/// </summary>
public sealed class SampleMaker
{
    /// <summary>Different questions of a multi-turn sample.</summary>
    public const int TurnsPerSample = 4;

    private readonly LocalModel _model;
    private readonly ChatFraming _framing;
    private readonly ulong _seed;
    private readonly EvaluationProtocol _protocol;

    /// <summary>Throws <see cref="InputException"/> where the model has no chat template.</summary>
    public SampleMaker(LocalModel model, ulong seed, EvaluationProtocol protocol)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _framing = new ChatFraming(model);
        _seed = seed;
        _protocol = protocol;
    }

    /// <summary>The samples of several tasks and lengths, so many of each, task by task.</summary>
    /// <exception cref="InputException">
    /// A length exceeds the model's context or is too short for its task, or a task cannot ask several questions; nothing was made.
    /// </exception>
    public IReadOnlyList<Sample> Make(IReadOnlyList<IEvaluationTask> tasks, IReadOnlyList<int> lengths, int count)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        ArgumentNullException.ThrowIfNull(lengths);
        foreach (int length in lengths)
        {
            if (length > _model.Config.ContextLength)
            {
                throw new InputException($"length {length} exceeds the model's context of {_model.Config.ContextLength} tokens");
            }
        }

        if (_protocol == EvaluationProtocol.MultiTurn && tasks.FirstOrDefault(t => !t.ManyQuestions) is { } single)
        {
            IEnumerable<string> valid = EvaluationTasks.All.Where(t => t.ManyQuestions).Select(t => t.Name);
            throw new InputException($"{single.Name} has one question only, which is no multi-turn task; valid: {string.Join(", ", valid)}");
        }

        return [.. tasks.SelectMany(t => lengths.SelectMany(l => Enumerable.Range(0, count).Select(i => Make(t, l, i))))];
    }

    /// <summary>One sample: as much filler as the length has room for.</summary>
    /// <exception cref="InputException">The length is too short for the task.</exception>
    public Sample Make(IEvaluationTask task, int length, int index)
    {
        ArgumentNullException.ThrowIfNull(task);
        (Sample sample, int tokens) = Build(task, length, index, task.LeastSize);
        if (tokens > length)
        {
            throw new InputException($"{task.Name} takes at least {tokens} tokens with this model; {length} is too short");
        }

        int low = task.LeastSize;
        int step = 1;
        int? high = null;
        while (high is not { } bound || bound - low > 1)
        {
            int size = high is { } over ? low + ((over - low) / 2) : low + step;
            (Sample larger, tokens) = Build(task, length, index, size);
            if (tokens <= length)
            {
                (low, sample) = (size, larger);
                step *= 2;
            }
            else
            {
                high = size;
            }
        }

        return sample;
    }

    private (Sample Sample, int Tokens) Build(IEvaluationTask task, int length, int index, int size)
    {
        int questions = _protocol == EvaluationProtocol.MultiTurn ? TurnsPerSample : 1;
        TaskDraft draft = task.Draft(new TaskRandom($"{_seed}/{task.Name}/{length}/{index}"), new TaskShape(length, size, questions));
        Sample sample = new(task.Name, length, index, draft.Context, [.. draft.Questions.Select(Finish)]);
        return (sample, new SamplePrompts(_model, _framing, sample, _protocol).TotalTokens);
    }

    /// <summary>Room for twice the reference answer, since models put things at more length.</summary>
    private SampleQuestion Finish(DraftQuestion question)
    {
        int reference = _model.Tokenizer.Encode(question.Reference, parseSpecial: false).Length;
        return new SampleQuestion
        {
            Text = question.Text,
            AnswerPrefix = question.AnswerPrefix,
            Expected = question.Expected,
            MaxNewTokens = (2 * reference) + 8,
        };
    }
}
