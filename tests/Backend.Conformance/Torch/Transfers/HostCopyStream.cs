using System.Runtime.InteropServices;
using KVCluster.Inference.Torch.Transfers;

namespace KVCluster.Backend.Conformance.Torch.Transfers;

/// <summary>
/// A copy stream of libtorch's CPU device, whose compute is done when a call returns; its copies are done when the kind of stream says.
/// What nobody may read yet holds a pattern, and copies that do not wait for compute are refused.
/// </summary>
internal abstract unsafe class HostCopyStream : ICopyStream
{
    private const byte Undefined = 0xEE;

    private readonly CopyFaults _faults;

    // A piece departs on one thread; others may send theirs between.
    private readonly ThreadLocal<bool> _heldForCompute = new();

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

        new Span<byte>((void*)to, (int)bytes).Fill(Undefined);
        Queue(() => new Span<byte>((void*)from, (int)bytes).CopyTo(new Span<byte>((void*)to, (int)bytes)));
    }

    public void Drain()
    {
        _faults.Called(nameof(Drain));
        var mark = new CopyMark();
        Queue(mark.Set);
        Await(mark);
    }

    public virtual void Dispose()
    {
        _heldForCompute.Dispose();
        _faults.Free();
    }

    /// <summary>Puts work behind all that was queued before.</summary>
    protected abstract void Queue(Action work);

    /// <summary>Returns when a mark of this queue is set.</summary>
    protected abstract void Await(CopyMark mark);

    private sealed class Event(HostCopyStream stream) : ICopyEvent
    {
        private volatile CopyMark _mark = CopyMark.Passed;

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
        }

        public void Dispose() => stream._faults.Free();
    }
}
