namespace KVCluster.Engine.Embedded;

/// <summary>The activation whose turn runs on this thread; null outside of grains.</summary>
internal static class RuntimeContext
{
    [ThreadStatic]
    internal static Activation? Current;
}
