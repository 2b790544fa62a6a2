namespace KVCluster.Grains;

/// <summary>A prompt given as the whole conversation does not begin with the session's history.</summary>
[GenerateSerializer, Alias("KVCluster.HistoryMismatchException")]
public sealed class HistoryMismatchException(string message, int commonTokens) : SessionException(message)
{
    /// <summary>Tokens that agree: where a fork of the session could go on.</summary>
    [Id(0)]
    public int CommonTokens { get; } = commonTokens;
}
