namespace KVCluster.Grains;

/// <summary>
/// Most sessions are set up alike, and many are idle in memory: those with the same as all have it once.
/// </summary>
internal static class SharedOptions
{
    private static readonly SessionOptions Default = new();

    /// <summary>The same state, with shared instances where they are equal.</summary>
    public static SessionState In(SessionState state)
    {
        SessionOptions options = state.Options;
        if (ReferenceEquals(options, Default))
        {
            return state;
        }

        if (options == Default)
        {
            return state with { Options = Default };
        }

        return ReferenceEquals(options.Sampling, Default.Sampling) || options.Sampling != Default.Sampling
            ? state
            : state with { Options = options with { Sampling = Default.Sampling } };
    }
}
