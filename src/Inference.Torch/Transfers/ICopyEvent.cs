namespace KVCluster.Inference.Torch.Transfers;

/// <summary>A mark in a queue of work that the host, or another queue, can wait for. An event never recorded counts as done.</summary>
internal interface ICopyEvent : IDisposable
{
    /// <summary>Whether the work before the last mark is done.</summary>
    bool IsDone { get; }

    /// <summary>Sets the mark behind all work that the queue was given so far, in place of an earlier one.</summary>
    void Record(WorkQueue queue);

    /// <summary>What the queue is given from here on begins when the marked work is done; the host goes on.</summary>
    void Hold(WorkQueue queue);

    /// <summary>The host waits until the marked work is done.</summary>
    void Wait();
}
