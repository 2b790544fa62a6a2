namespace KVCluster.Backend.Conformance.Torch.Transfers;

/// <summary>Makes calls of copy streams fail, and counts what they hold.</summary>
internal sealed class CopyFaults
{
    private readonly Dictionary<string, int> _calls = [];
    private int _held;
    private string? _call;
    private int _number;
    private Exception? _fault;

    /// <summary>Streams, events and host buffers that are not freed.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>From here on the call of this number, from 1, throws.</summary>
    public void Fail(string call, int number, Exception fault)
    {
        lock (_calls)
        {
            (_call, _number, _fault) = (call, number, fault);
            _calls.Clear();
        }
    }

    /// <summary>Notes a call.</summary>
    public void Called(string call)
    {
        lock (_calls)
        {
            int number = _calls[call] = _calls.GetValueOrDefault(call) + 1;
            if (_fault is not null && call == _call && number == _number)
            {
                throw _fault;
            }
        }
    }

    public void Take() => Interlocked.Increment(ref _held);

    public void Free() => Interlocked.Decrement(ref _held);
}
