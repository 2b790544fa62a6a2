namespace KVCluster.Silo.Simulating;

/// <summary>Where a device's thread waits while a step takes simulated time.</summary>
internal sealed class StepGate(SimulationClock clock) : IDisposable
{
    private readonly ManualResetEventSlim _open = new(false, spinCount: 10);
    private volatile bool _isWaiting;
    private volatile bool _isShut;

    /// <summary>Whether the thread waits for the clock.</summary>
    public bool IsWaiting => _isWaiting;

    /// <summary>Lets simulated seconds go by. For the device's thread.</summary>
    /// <exception cref="OperationCanceledException">The device was lost.</exception>
    public void Pass(double seconds)
    {
        _open.Reset();
        clock.After(seconds, Open);
        _isWaiting = true;
        if (!_isShut)
        {
            _open.Wait();
        }

        _isWaiting = false;
        if (_isShut)
        {
            throw new OperationCanceledException("the simulated device was lost");
        }
    }

    /// <summary>The device is lost: its thread waits no more.</summary>
    public void Shut()
    {
        _isShut = true;
        Open();
    }

    public void Dispose() => _open.Dispose();

    private void Open()
    {
        // Before the thread runs: from here on it is at work.
        _isWaiting = false;
        _open.Set();
    }
}
