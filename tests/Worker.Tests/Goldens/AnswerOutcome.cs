namespace KVCluster.Worker.Tests.Goldens;

/// <summary>How an answer compares with the reference's.</summary>
internal enum AnswerOutcome
{
    /// <summary>Every token is equal.</summary>
    Equal,

    /// <summary>Equal up to a step at which two tokens were as good as equally probable.</summary>
    NearTie,

    /// <summary>Equal up to the end of the model's context, which the reference does not heed.</summary>
    ContextFull,
}
