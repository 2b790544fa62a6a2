namespace KVCluster.Inference.Kv;

/// <content>Growing at the end, and cutting the end off.</content>
public sealed partial class KvCache
{
    /// <summary>
    /// Makes room for <paramref name="tokens"/> more rows in every head, all or nothing: new pages where the last is full, and a private copy
    /// of a half-filled page that a fork shares. Rows may then be written from <see cref="Length"/> on. Pages come from the cache's
    /// reservation first; <see cref="ArenaFullException"/> before anything has changed.
    /// </summary>
    public void PrepareAppend(int tokens)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        if (tokens <= _prepared)
        {
            return;
        }

        DraftAppend(tokens);
        _draft.Apply(IsPinned, _reservation);
        foreach (CachedHead head in _heads)
        {
            // A page may hold biases of slots dropped earlier, or anything at all; new tokens have none.
            ClearBiases(head, head.Length, tokens);
        }

        _prepared = tokens;
    }

    /// <summary>Counts prepared rows, now written in every head, as filled. The logical length grows with them.</summary>
    public void CommitAppend(int tokens)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        if (tokens > _prepared)
        {
            throw new InvalidOperationException($"{tokens} tokens to commit, {_prepared} prepared");
        }

        foreach (CachedHead head in _heads)
        {
            head.Length += tokens;
        }

        _prepared -= tokens;
        LogicalLength += tokens;
    }

    /// <summary>
    /// Sets pages aside so that <paramref name="tokens"/> more tokens are sure to fit, for <paramref name="lease"/> at most (null: until
    /// released). Replaces an earlier reservation, all or nothing. A fork made afterwards may cost one more page a head, for the copy of a
    /// shared tail.
    /// </summary>
    public void Reserve(int tokens, TimeSpan? lease = null)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        DraftAppend(tokens);
        if (_reservation is null)
        {
            _reservation = Pool.Ledger.Reserve(_draft.Pages, lease);
        }
        else
        {
            _reservation.Resize(_draft.Pages, lease);
        }
    }

    /// <summary>Gives back what is left of the reservation.</summary>
    public void ReleaseReservation()
    {
        ThrowIfDisposed();
        _reservation?.Dispose();
        _reservation = null;
    }

    /// <summary>
    /// Goes back to when the conversation had <paramref name="logicalLength"/> tokens: drops every slot from that position on and frees the
    /// tail pages, prepared ones too. What compaction dropped before that position does not come back.
    /// </summary>
    public void Truncate(int logicalLength)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(logicalLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(logicalLength, LogicalLength);
        _prepared = 0;
        LogicalLength = logicalLength;
        for (int i = 0; i < _heads.Length; i++)
        {
            CachedHead head = _heads[i];
            head.Length = head.Positions.SlotsBefore(logicalLength, head.Length);
            Companion?.Truncate(i / Geometry.KvHeads, i % Geometry.KvHeads, head.Length);
            head.Positions = head.Positions.Truncate(head.Length, logicalLength);
            Trim(head, head.Length);
            head.Biases = logicalLength == 0 ? null : head.Biases;
        }

        IsExact |= logicalLength == 0;
    }

    private void DraftAppend(int tokens)
    {
        _draft.Clear();
        if (tokens == 0)
        {
            return;
        }

        _ = checked(LogicalLength + tokens);
        foreach (CachedHead head in _heads)
        {
            int rows = Geometry.PagesForRows(head.Length + tokens);
            int tail = head.Length / Geometry.PageTokens;
            _draft.Write(head.Keys, tail);
            _draft.Write(head.Values, tail);
            _draft.Extend(head.Keys, rows);
            _draft.Extend(head.Values, rows);
            if (head.Biases is not null)
            {
                _draft.Write(head.Biases, head.Length / Geometry.BiasSlots);
                _draft.Extend(head.Biases, Geometry.PagesForBiases(head.Length + tokens));
            }
        }
    }
}
