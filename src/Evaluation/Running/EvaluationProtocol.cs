namespace KVCluster.Evaluation.Running;

/// <summary>When the questions come. In both the context is cached and compressed before any is known, and positions go on.</summary>
public enum EvaluationProtocol
{
    /// <summary>kvpress': each question is asked alone of the compressed context.</summary>
    KvPress,

    /// <summary>All questions one after the other in one conversation on one compressed cache, which grows as they are answered.</summary>
    MultiTurn,
}
