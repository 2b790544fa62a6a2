using System.Runtime.InteropServices;

namespace KVCluster.Silo.Hosting;

/// <summary>
/// Ctrl+C and SIGTERM as a cancellation: work stops at its next token or chunk and cleans up. A second signal, or one that comes while
/// the program only waits for a line, is left to the system, which ends the process.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    private const int InterruptNumber = 2;
    private const int TerminateNumber = 15;

    private readonly Lock _gate = new();
    private readonly List<IDisposable> _registrations = [];
    private CancellationTokenSource _source = new();
    private bool _waiting;

    /// <summary>Cancelled by the first signal since the start or the last <see cref="Renew"/>.</summary>
    public CancellationToken Token
    {
        get
        {
            lock (_gate)
            {
                return _source.Token;
            }
        }
    }

    /// <summary>Exit code of a run that was cancelled.</summary>
    public int ExitCode { get; private set; } = Hosting.ExitCode.OfSignal(InterruptNumber);

    /// <summary>One that listens to the signals of this process.</summary>
    public static Interrupt OfProcess()
    {
        Interrupt interrupt = new();
        interrupt.Listen(PosixSignal.SIGINT, InterruptNumber);
        interrupt.Listen(PosixSignal.SIGTERM, TerminateNumber);
        return interrupt;
    }

    /// <summary>What a signal does; true where it was taken, false where the system shall end the process.</summary>
    public bool Raise(int signal)
    {
        CancellationTokenSource source;
        lock (_gate)
        {
            if (_waiting || _source.IsCancellationRequested)
            {
                return false;
            }

            ExitCode = Hosting.ExitCode.OfSignal(signal);
            source = _source;
        }

        source.Cancel();
        return true;
    }

    /// <summary>Runs something that cannot be cancelled, such as reading a line: a signal then ends the process.</summary>
    public T Waiting<T>(Func<T> wait)
    {
        SetWaiting(true);
        try
        {
            return wait();
        }
        finally
        {
            SetWaiting(false);
        }
    }

    /// <summary>After an answer was broken off: the conversation goes on, and the next signal counts as a first one.</summary>
    public void Renew()
    {
        lock (_gate)
        {
            _source.Dispose();
            _source = new CancellationTokenSource();
        }
    }

    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        _source.Dispose();
    }

    private void SetWaiting(bool waiting)
    {
        lock (_gate)
        {
            _waiting = waiting;
        }
    }

    private void Listen(PosixSignal signal, int number) =>
        _registrations.Add(PosixSignalRegistration.Create(signal, context => context.Cancel = Raise(number)));
}
