using System.Collections.Concurrent;

namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>
/// What the grains of a case and the case itself share: a journal of what happened, and gates that hold turns until the case opens them. Every silo
/// has the same one among its services.
/// </summary>
public class Stage
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private readonly ConcurrentQueue<string> _journal = new();
    private readonly ConcurrentDictionary<string, object> _objects = new();

    public IReadOnlyCollection<string> Journal => _journal;

    public virtual void Note(string entry) => _journal.Enqueue(entry);

    public int Count(string entry) => _journal.Count(noted => noted == entry);

    /// <summary>An object that a grain and the case both hold.</summary>
    public void Keep(string name, object value) => _objects[name] = value;

    public object? Kept(string name) => _objects.GetValueOrDefault(name);

    /// <summary>Notes <c>NAME reached</c> and waits for the gate to be opened.</summary>
    public async Task PassAsync(string name, CancellationToken cancellationToken = default)
    {
        Note($"{name} reached");
        await Gate(name).Task.WaitAsync(cancellationToken);
    }

    /// <summary>Ends when the gate is open.</summary>
    public Task OpenedAsync(string name) => Gate(name).Task;

    public void Open(string name) => Gate(name).TrySetResult();

    /// <summary>Waits until the entry is in the journal.</summary>
    public Task SeenAsync(string entry, int times = 1)
        => EventuallyAsync(() => Count(entry) >= times, () => $"\"{entry}\" {times} times in the journal: {string.Join("; ", _journal)}");

    /// <summary>Waits until the condition holds.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, Func<string> description)
    {
        var until = DateTime.UtcNow + Patience;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < until, $"Not seen in {Patience}: {description()}");
            await Task.Delay(5);
        }
    }

    private TaskCompletionSource Gate(string name)
        => _gates.GetOrAdd(name, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
