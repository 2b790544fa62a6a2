using KVCluster.Compression.Pressure.Admission;
using KVCluster.Inference;
using KVCluster.Worker.Serving.Decisions;

namespace KVCluster.Worker.Serving.Device;

/// <content>How turns that wait are started, and who gives way where they keep each other from it.</content>
internal sealed partial class TurnBoard
{
    private readonly List<int> _order = [];
    private readonly List<Turn> _tried = [];
    private WaitingTurn[] _keys = [];

    /// <summary>Starts what there is room for, by rank.</summary>
    public void Admit()
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        do
        {
            long now = parts.Now;
            Sort(now);
            foreach (Turn turn in _tried)
            {
                if (_running.Count >= parts.Options.MaxRunningTurns || !Try(turn, now))
                {
                    break;
                }
            }
        }
        while (IsStuck() && (GiveWay() || Squeeze()));
        _tried.ForEach(turn => turn.IsSqueezed = false);
        Count();
    }

    /// <summary>Turns wait, and nothing is under way that could make room for them.</summary>
    private bool IsStuck() => _waiting.Count > 0 && _running.Count == 0 && !attacher.IsRoomComing && !IsFetching
        && !_waiting.Exists(turn => turn.Session.Compressing > 0);

    /// <summary>
    /// Waiting turns keep each other from starting by what their sessions hold: the last of them gives its cache up, to be had again in its
    /// turn. False where none but the first holds any.
    /// </summary>
    private bool GiveWay()
    {
        for (int i = _tried.Count - 1; i > 0; i--)
        {
            if (_tried[i].Session.Cache is not null && !parts.IsPinned(_tried[i].Session))
            {
                _tried[i].Session.Drop();
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Nobody can give anything any more: the first turn starts with what there is, and is cut as it goes. False where it may not be, or has
    /// been tried so.
    /// </summary>
    private bool Squeeze()
    {
        Turn? first = Cuts ? _waiting.Find(turn => turn is { Restores: false, IsOverLimit: false, IsSqueezed: false }) : null;
        if (first is not null)
        {
            first.IsSqueezed = true;
        }

        return first is not null;
    }

    private void Sort(long now)
    {
        if (_keys.Length < _waiting.Count)
        {
            _keys = new WaitingTurn[2 * _waiting.Count];
        }

        for (int i = 0; i < _waiting.Count; i++)
        {
            _keys[i] = new WaitingTurn(_waiting[i].Request.Priority, _waiting[i].ArrivedAt, _waiting[i].Session.Key.Tenant);
        }

        order.Sort(_keys.AsSpan(0, _waiting.Count), now, _order);
        _tried.Clear();
        foreach (int index in _order)
        {
            _tried.Add(_waiting[index]);
        }
    }

    /// <summary>False where nobody behind this turn may start.</summary>
    private bool Try(Turn turn, long now)
    {
        if (turn.Session.Fetch is not null || turn.Session.Compressing > 0)
        {
            return true;
        }

        if (Cuts && turn.PutBackAt == _ends && _running.Count > 0)
        {
            // It gave its memory to those that run: were it to take it again at once, nobody would get on.
            return false;
        }

        try
        {
            switch (attacher.Try(turn))
            {
                case Admission.Started:
                    order.Started(turn.Session.Key.Tenant);
                    _waiting.Remove(turn);
                    _running.Add(turn);
                    return true;
                case Admission.Complete:
                    _waiting.Remove(turn);
                    _running.Add(turn);
                    CompleteAttach(turn);
                    Finish(turn);
                    return true;
                case Admission.NoRoom when turn.IsAutomatic:
                    Fail(turn, new OperationCanceledException($"session {turn.Session.Key}: no room is free"));
                    return true;
                case Admission.NoRoom:
                    return order.MayPass(turn.ArrivedAt, now) && !turn.WasPutBack;
                default:
                    return true;
            }
        }
        catch (InputException e)
        {
            Fail(turn, e);
            return true;
        }
    }
}
