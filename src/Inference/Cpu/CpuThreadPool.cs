using System.Runtime.ExceptionServices;

namespace KVCluster.Inference.Cpu;

/// <summary>Work cut into independent indexed pieces.</summary>
internal interface IIndexedWork
{
    /// <summary>Does piece <paramref name="index"/> on pool thread <paramref name="thread"/> (0 is the caller).</summary>
    void Run(int index, int thread);
}

/// <summary>
/// A fixed set of threads for kernels. A step issues hundreds of short parallel sections, so idle threads spin for some microseconds
/// before they sleep, and a section allocates nothing. Threads take the next free piece; the caller waits for pieces, not for threads, so
/// one that the system does not schedule costs nothing but its help. One caller at a time.
/// </summary>
internal sealed class CpuThreadPool : IDisposable
{
    private const int SpinsBeforeSleep = 1000;

    // One word says everything about who may take what: section (24 bits), pieces (20), next piece (20). A thread that comes late to a
    // section therefore sees from the number it drew alone that nothing is left, whatever has been published since.
    private const int FieldBits = 20;
    private const int MaxPieces = (1 << FieldBits) - 1024;
    private const long FieldMask = (1L << FieldBits) - 1;

    private readonly Thread[] _workers;
    private readonly bool _pin;
    private readonly SemaphoreSlim _wake = new(0);
    private IIndexedWork? _work;
    private long _tickets;
    private int _section;
    private int _done;
    private int _sleeping;
    private volatile bool _stopping;
    private Exception? _failure;

    public CpuThreadPool(int threads, bool pin = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _pin = pin;
        _workers = new Thread[threads - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            int thread = i + 1;
            _workers[i] = new Thread(() => WorkerLoop(thread)) { IsBackground = true, Name = $"kvcluster-cpu-{thread}" };
            _workers[i].Start();
        }
    }

    public int Threads => _workers.Length + 1;

    /// <summary>Runs pieces 0..count-1; throws what a piece threw, after all have ended.</summary>
    public void Run(int count, IIndexedWork work)
    {
        if (count <= 1 || _workers.Length == 0)
        {
            for (int i = 0; i < count; i++)
            {
                work.Run(i, 0);
            }

            return;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxPieces);
        _work = work;
        _failure = null;
        Volatile.Write(ref _done, 0);
        long section = ++_section & 0xFFFFFF;
        Interlocked.Exchange(ref _tickets, (section << (2 * FieldBits)) | ((long)count << FieldBits));
        int sleeping = Interlocked.Exchange(ref _sleeping, 0);
        if (sleeping > 0)
        {
            _wake.Release(sleeping);
        }

        TakePieces(0);
        SpinWait spin = default;
        while (Volatile.Read(ref _done) != count)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }

        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        if (_workers.Length > 0)
        {
            _wake.Release(_workers.Length);
        }

        foreach (Thread worker in _workers)
        {
            worker.Join();
        }

        _wake.Dispose();
    }

    private static long SectionOf(long tickets) => tickets >>> (2 * FieldBits);

    private void WorkerLoop(int thread)
    {
        if (_pin)
        {
            ThreadAffinity.PinCurrentThread(thread);
        }

        long seen = 0;
        while (AwaitSection(ref seen))
        {
            TakePieces(thread);
        }
    }

    private bool AwaitSection(ref long seen)
    {
        int spins = 0;
        while (SectionOf(Volatile.Read(ref _tickets)) == seen)
        {
            if (_stopping)
            {
                return false;
            }

            if (++spins < SpinsBeforeSleep)
            {
                Thread.SpinWait(8);
                continue;
            }

            // Announce the sleep, then look once more: a section published in between either sees the announcement and releases, or is
            // seen here. A release that was not needed only causes one more turn of this loop.
            Interlocked.Increment(ref _sleeping);
            if (SectionOf(Volatile.Read(ref _tickets)) == seen && !_stopping)
            {
                _wake.Wait();
            }

            spins = 0;
        }

        seen = SectionOf(Volatile.Read(ref _tickets));
        return true;
    }

    private void TakePieces(int thread)
    {
        while (true)
        {
            long ticket = Interlocked.Increment(ref _tickets) - 1;
            int index = (int)(ticket & FieldMask);
            if (index >= (int)((ticket >>> FieldBits) & FieldMask))
            {
                return;
            }

            try
            {
                // The section cannot end before this piece, so its work stays in place.
                _work!.Run(index, thread);
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref _failure, e, null);
            }

            Interlocked.Increment(ref _done);
        }
    }
}
