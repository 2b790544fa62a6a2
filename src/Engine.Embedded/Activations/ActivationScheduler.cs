using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>
/// Runs one activation's work, one piece at a time, on the thread pool. Code that runs in a turn awaits with this scheduler as the current one,
/// so its continuations come back here.
/// </summary>
internal sealed class ActivationScheduler(Activation activation) : TaskScheduler, IThreadPoolWorkItem
{
    public override int MaximumConcurrencyLevel => 1;

    public void Execute()
    {
        RuntimeContext.Current = activation;
        try
        {
            // The task makes this scheduler the current one for all that runs below it. The pool's thread has no execution context to flow.
            new Task(static state => ((Activation)state!).RunWork(), activation, CancellationToken.None, TaskCreationOptions.DenyChildAttach)
                .RunSynchronously(this);
        }
        finally
        {
            RuntimeContext.Current = null;
        }
    }

    public void Run(Task task) => TryExecuteTask(task);

    protected override void QueueTask(Task task) => activation.Queue(task);

    // A continuation may run at once only where this activation runs already, and only if it does not overtake its place in the queue.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued)
        => !taskWasPreviouslyQueued && ReferenceEquals(RuntimeContext.Current, activation) && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => throw new NotSupportedException();
}
