namespace KVCluster.Evaluation.Tasks;

/// <summary>Kinds of hidden values.</summary>
internal enum MagicValueKind
{
    /// <summary>Seven digits.</summary>
    Number,

    /// <summary>Twelve hexadecimal digits in three groups.</summary>
    Code,
}
