namespace KVCluster.Inference.Kv;

/// <summary>
/// Pages set aside for one holder before it needs them; they count as pinned until spent. A lease may end the reservation: what is unspent
/// then goes back as soon as somebody needs it or <see cref="MemoryLedger.Sweep"/> runs. Disposing gives the rest back.
/// </summary>
public sealed class Reservation : IDisposable
{
    private readonly MemoryLedger _ledger;

    internal Reservation(MemoryLedger ledger)
    {
        _ledger = ledger;
    }

    /// <summary>Pages not yet spent; 0 once expired or disposed.</summary>
    public int RemainingPages => _ledger.Remaining(this);

    /// <summary>
    /// Sets the unspent pages to this number and starts a new lease (null: no end), all or nothing: <see cref="ArenaFullException"/> leaves
    /// it as it was. Revives an expired reservation, not a disposed one.
    /// </summary>
    public void Resize(int pages, TimeSpan? lease = null) => _ledger.Resize(this, pages, lease);

    /// <summary>Gives unspent pages back; more than once does nothing.</summary>
    public void Dispose() => _ledger.Close(this);

    // The fields below belong to the ledger and are touched under its lock only.
    internal int Unspent { get; set; }

    internal long Deadline { get; set; } = long.MaxValue;

    internal bool Closed { get; set; }
}
