using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using KVCluster.Inference.Torch.Transfers;

namespace KVCluster.Backend.Conformance.Torch.Transfers;

/// <summary>
/// A copy stream of libtorch's CPU device, whose compute is done when a call returns; its copies are done when the kind of stream says.
/// What nobody may read yet holds a pattern. Copies that do not wait for compute are refused, and so are those of host memory whose last copy
/// the host has not waited for: compute's wait, which here is the host's too, does not count.
/// </summary>
internal abstract unsafe class HostCopyStream : ICopyStream
{
    private const byte Undefined = 0xEE;

    private readonly CopyFaults _faults;

    // A piece departs on one thread; others may send theirs between.
    private readonly ThreadLocal<bool> _heldForCompute = new();
    private readonly ThreadLocal<List<nint>> _departing = new(() => []);
    private readonly ConcurrentDictionary<nint, bool> _travelling = [];

    protected HostCopyStream(CopyFaults faults)
    {
        _faults = faults;
        faults.Called("Open");
        faults.Take();
    }

    public nint AllocateHost(long bytes)
    {
        _faults.Called(nameof(AllocateHost));
        void* memory = NativeMemory.Alloc((nuint)bytes);
        new Span<byte>(memory, (int)bytes).Fill(Undefined);
        _faults.Take();
        return (nint)memory;
    }

    public void FreeHost(nint memory)
    {
        NativeMemory.Free((void*)memory);
        _faults.Free();
    }

    public ICopyEvent CreateEvent()
    {
        _faults.Called(nameof(CreateEvent));
        _faults.Take();
        return new Event(this);
    }

    public void Copy(nint from, nint to, long bytes, CopyDirection direction)
    {
        _faults.Called(nameof(Copy));
        if (!_heldForCompute.Value)
        {
            throw new InvalidOperationException("a copy did not wait for compute");
        }

        nint host = direction == CopyDirection.ToHost ? to : from;
        if (!_travelling.TryAdd(host, true))
        {
            throw new InvalidOperationException("host memory was used again before its copy was waited for");
        }

        _departing.Value!.Add(host);
        new Span<byte>((void*)to, (int)bytes).Fill(Undefined);
        Queue(() => new Span<byte>((void*)from, (int)bytes).CopyTo(new Span<byte>((void*)to, (int)bytes)));
    }

    public void Drain()
    {
        _faults.Called(nameof(Drain));
        var mark = new CopyMark();
        Queue(mark.Set);
        Await(mark);
        _travelling.Clear();
        _departing.Value!.Clear();
    }

    public virtual void Dispose()
    {
        _heldForCompute.Dispose();
        _departing.Dispose();
        _faults.Free();
    }

    /// <summary>Puts work behind all that was queued before.</summary>
    protected abstract void Queue(Action work);

    /// <summary>Returns when a mark of this queue is set.</summary>
    protected abstract void Await(CopyMark mark);

    private sealed class Event(HostCopyStream stream) : ICopyEvent
    {
        private volatile CopyMark _mark = CopyMark.Passed;
        private nint[] _buffers = [];

        public bool IsDone => _mark.IsSet;

        public void Record(WorkQueue queue)
        {
            stream._faults.Called(nameof(Record));
            if (queue == WorkQueue.Compute)
            {
                _mark = CopyMark.Passed;
                return;
            }

            stream._heldForCompute.Value = false;
            _buffers = [.. stream._departing.Value!];
            stream._departing.Value!.Clear();
            var mark = new CopyMark();
            stream.Queue(mark.Set);
            _mark = mark;
        }

        public void Hold(WorkQueue queue)
        {
            stream._faults.Called(nameof(Hold));
            CopyMark mark = _mark;
            if (queue == WorkQueue.Compute)
            {
                stream.Await(mark);
                return;
            }

            stream._heldForCompute.Value = true;
            stream.Queue(mark.Wait);
        }

        public void Wait()
        {
            stream._faults.Called(nameof(Wait));
            stream.Await(_mark);
            Array.ForEach(_buffers, b => stream._travelling.TryRemove(b, out _));
        }

        public void Dispose() => stream._faults.Free();
    }
}
