namespace KVCluster.Engine.Embedded;

/// <summary>Until disposed, timers and tasks that are made do not carry the maker's execution context, and hence no request context.</summary>
internal readonly struct FlowSuppression : IDisposable
{
    private readonly AsyncFlowControl? _flow;

    private FlowSuppression(AsyncFlowControl? flow) => _flow = flow;

    public static FlowSuppression Begin() => new(ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow());

    public void Dispose() => _flow?.Dispose();
}
