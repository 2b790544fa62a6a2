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
/// before they sleep, and a section allocates nothing. One caller at a time.
/// </summary>
internal sealed class CpuThreadPool : IDisposable
{
    private const int SpinsBeforeSleep = 4000;

    private readonly Thread[] _workers;
    private readonly bool _pin;
    private readonly SemaphoreSlim _wake = new(0);
    private IIndexedWork? _work;
    private int _count;
    private bool _fixedShares;
    private int _next;
    private int _running;
    private int _sleeping;
    private volatile int _section;
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

    /// <summary>
    /// Runs pieces 0..count-1. Threads take the next free piece, or with <paramref name="fixedShares"/> thread t takes t, t + threads, ...:
    /// then results summed per thread do not depend on timing.
    /// </summary>
    public void Run(int count, IIndexedWork work, bool fixedShares = false)
    {
        if (count <= 1 || _workers.Length == 0)
        {
            for (int i = 0; i < count; i++)
            {
                work.Run(i, 0);
            }

            return;
        }

        _work = work;
        _count = count;
        _fixedShares = fixedShares;
        _next = 0;
        _failure = null;
        Volatile.Write(ref _running, _workers.Length);
        Interlocked.Increment(ref _section);
        int sleeping = Interlocked.Exchange(ref _sleeping, 0);
        if (sleeping > 0)
        {
            _wake.Release(sleeping);
        }

        TakePieces(0);
        SpinWait spin = default;
        while (Volatile.Read(ref _running) != 0)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }

        _work = null;
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

    private void WorkerLoop(int thread)
    {
        int seen = 0;
        if (_pin)
        {
            ThreadAffinity.PinCurrentThread(thread);
        }

        while (true)
        {
            if (!AwaitSection(ref seen))
            {
                return;
            }

            TakePieces(thread);
            Interlocked.Decrement(ref _running);
        }
    }

    private bool AwaitSection(ref int seen)
    {
        int spins = 0;
        while (_section == seen)
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
            if (_section == seen && !_stopping)
            {
                _wake.Wait();
            }

            spins = 0;
        }

        seen = _section;
        return true;
    }

    private void TakePieces(int thread)
    {
        try
        {
            IIndexedWork work = _work!;
            if (_fixedShares)
            {
                for (int i = thread; i < _count; i += Threads)
                {
                    work.Run(i, thread);
                }

                return;
            }

            for (int i = Interlocked.Increment(ref _next) - 1; i < _count; i = Interlocked.Increment(ref _next) - 1)
            {
                work.Run(i, thread);
            }
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, e, null);
        }
    }
}
