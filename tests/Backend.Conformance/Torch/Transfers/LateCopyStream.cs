namespace KVCluster.Backend.Conformance.Torch.Transfers;

/// <summary>Copies run only when somebody waits for what comes after them: whatever is read or used again too early is wrong for certain.</summary>
internal sealed class LateCopyStream(CopyFaults faults) : HostCopyStream(faults)
{
    private readonly Lock _gate = new();
    private readonly Queue<Action> _work = [];

    protected override void Queue(Action work)
    {
        lock (_gate)
        {
            _work.Enqueue(work);
        }
    }

    protected override void Await(CopyMark mark)
    {
        lock (_gate)
        {
            while (!mark.IsSet && _work.TryDequeue(out Action? work))
            {
                work();
            }
        }

        mark.Wait();
    }
}
