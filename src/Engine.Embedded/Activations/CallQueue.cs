using System.Collections;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>The calls that wait for an activation, in the order of arrival. Taking the first is cheap, however many there are.</summary>
internal sealed class CallQueue : IEnumerable<GrainCall>
{
    private readonly List<GrainCall> _calls = new(0);
    private int _head;
    private int _overtaking;

    public int Count => _calls.Count - _head;

    /// <summary>Whether a call waits that could begin beside another.</summary>
    public bool AnyMayOvertake => _overtaking > 0;

    public static bool MayOvertake(GrainCall call)
        => call.Is(CallKind.AlwaysInterleave | CallKind.ReadOnly) || RequestContext.ReentrancyIdOf(call.Context) != Guid.Empty;

    public void Add(GrainCall call)
    {
        _calls.Add(call);
        _overtaking += MayOvertake(call) ? 1 : 0;
    }

    public GrainCall TakeFirst() => TakeAt(_head);

    public GrainCall? TakeFirst(Func<GrainCall, bool> predicate)
    {
        for (var i = _head; i < _calls.Count; i++)
        {
            if (predicate(_calls[i]))
            {
                return TakeAt(i);
            }
        }

        return null;
    }

    public bool Remove(GrainCall call)
    {
        var at = _calls.IndexOf(call, _head);
        if (at >= 0)
        {
            TakeAt(at);
        }

        return at >= 0;
    }

    public GrainCall[] TakeAll()
    {
        var calls = this.ToArray();
        _calls.Clear();
        _head = _overtaking = 0;
        return calls;
    }

    /// <summary>Gives back the room of calls that have gone.</summary>
    public void Trim()
    {
        if (Count == 0)
        {
            _calls.Clear();
            _calls.Capacity = _head = 0;
        }
    }

    public IEnumerator<GrainCall> GetEnumerator() => _calls.Skip(_head).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private GrainCall TakeAt(int index)
    {
        var call = _calls[index];
        _overtaking -= MayOvertake(call) ? 1 : 0;
        if (index > _head)
        {
            _calls.RemoveAt(index);
            return call;
        }

        _calls[_head++] = null!;
        if (_head == _calls.Count)
        {
            _calls.Clear();
            _head = 0;
        }
        else if (_head > 32 && _head > _calls.Count / 2)
        {
            _calls.RemoveRange(0, _head);
            _head = 0;
        }

        return call;
    }
}
