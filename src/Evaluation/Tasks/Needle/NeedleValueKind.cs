namespace KVCluster.Evaluation.Tasks.Needle;

/// <summary>Kinds of values that the needle model knows.</summary>
internal enum NeedleValueKind
{
    /// <summary>Five digits.</summary>
    Number,

    /// <summary>A word.</summary>
    Word,

    /// <summary>Eight hexadecimal digits in two groups.</summary>
    Id,
}
