namespace KVCluster.Evaluation.Tasks;

/// <summary>A kind of sample that can be made at any size. The same random sequence and shape always give the same draft.</summary>
public interface IEvaluationTask
{
    /// <summary>As given on the command line.</summary>
    string Name { get; }

    /// <summary>What it tests, in one line.</summary>
    string Summary { get; }

    /// <summary>Whether several different questions can be asked of one context.</summary>
    bool ManyQuestions { get; }

    /// <summary>The least <see cref="TaskShape.Size"/> at which the question makes sense.</summary>
    int LeastSize { get; }

    /// <summary>A draft; larger sizes give longer contexts.</summary>
    TaskDraft Draft(TaskRandom random, TaskShape shape);
}
