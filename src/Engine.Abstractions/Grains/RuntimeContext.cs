namespace Orleans.Runtime;

/// <summary>The activation whose turn runs on this thread; null outside of grains. The engine sets it.</summary>
internal static class RuntimeContext
{
    [ThreadStatic]
    internal static IGrainContext? Current;
}
