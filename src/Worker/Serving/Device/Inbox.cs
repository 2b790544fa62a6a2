using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace KVCluster.Worker.Serving.Device;

/// <summary>
/// What the device's thread is told: calls through a bounded channel, whose writers wait where it is full, and events of work the device
/// itself began, which are never held up. Events come first. Any thread writes, one reads.
/// </summary>
internal sealed class Inbox : IDisposable
{
    private readonly Channel<Action> _calls;
    private readonly ConcurrentQueue<Action> _events = new();
    private readonly AutoResetEvent _wake = new(false);
    private int _asleep;

    public Inbox(int capacity)
    {
        _calls = Channel.CreateBounded<Action>(new BoundedChannelOptions(capacity) { SingleReader = true });
    }

    /// <summary>Whether the reader sleeps and there is nothing to wake it; from any thread.</summary>
    public bool IsAtRest => Volatile.Read(ref _asleep) == 1 && _events.IsEmpty && _calls.Reader.Count == 0;

    /// <summary>What has not been taken yet; from any thread.</summary>
    public int Waiting => _events.Count + _calls.Reader.Count;

    /// <summary>A caller's wish; waits for room. Throws <see cref="ObjectDisposedException"/> once closed.</summary>
    public async ValueTask CallAsync(Action call, CancellationToken cancellationToken)
    {
        try
        {
            await _calls.Writer.WriteAsync(call, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(DeviceWorker));
        }

        Wake();
    }

    /// <summary>Something happened that the device waits for.</summary>
    public void Post(Action happened)
    {
        _events.Enqueue(happened);
        Wake();
    }

    /// <summary>Takes no calls any more; events still arrive.</summary>
    public void Close()
    {
        _calls.Writer.TryComplete();
        Wake();
    }

    public bool TryTake([MaybeNullWhen(false)] out Action next) => _events.TryDequeue(out next) || _calls.Reader.TryRead(out next);

    /// <summary>Sleeps until something is there. May return without cause.</summary>
    public void Wait()
    {
        // Announce the sleep, then look once more: whoever wrote in between has seen the announcement or is seen here.
        Interlocked.Exchange(ref _asleep, 1);
        if (_events.IsEmpty && !_calls.Reader.TryPeek(out _))
        {
            _wake.WaitOne();
        }

        Volatile.Write(ref _asleep, 0);
    }

    public void Dispose() => _wake.Dispose();

    private void Wake()
    {
        if (Interlocked.Exchange(ref _asleep, 0) == 1)
        {
            _wake.Set();
        }
    }
}
