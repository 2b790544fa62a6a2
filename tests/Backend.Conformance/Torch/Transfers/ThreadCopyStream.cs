using System.Collections.Concurrent;

namespace KVCluster.Backend.Conformance.Torch.Transfers;

/// <summary>Copies run on a thread of their own, at any time.</summary>
internal sealed class ThreadCopyStream : HostCopyStream
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    /// <param name="faults">Counts and fails calls.</param>
    /// <param name="before">Called on the thread before each piece of work.</param>
    public ThreadCopyStream(CopyFaults faults, Action? before = null)
        : base(faults)
    {
        _thread = new Thread(() =>
        {
            foreach (Action work in _work.GetConsumingEnumerable())
            {
                before?.Invoke();
                work();
            }
        })
        { IsBackground = true, Name = "copies" };
        _thread.Start();
    }

    public override void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
        base.Dispose();
    }

    protected override void Queue(Action work) => _work.Add(work);

    protected override void Await(CopyMark mark) => mark.Wait();
}
