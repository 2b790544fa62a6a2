namespace KVCluster.Worker.Serving.Decisions;

/// <summary>
/// In which order waiting turns are tried: by rank; of one rank tenants take turns, each with its own in order of arrival. Where one finds no
/// room, smaller ones behind it may pass it by, but only until it has waited a given time: then room is kept for it.
/// </summary>
internal sealed class AdmissionOrder(Aging aging, TimeProvider time, TimeSpan passing)
{
    private const int KnownTenants = 4096;

    private readonly List<Key> _ranked = [];
    private readonly Dictionary<(string Tenant, int Rank), int> _lines = [];
    private readonly Dictionary<string, long> _served = new(StringComparer.Ordinal);
    private long _starts;

    /// <summary>Fills <paramref name="order"/> with indices into the waiting turns, which are in order of arrival.</summary>
    public void Sort(ReadOnlySpan<WaitingTurn> waiting, long now, List<int> order)
    {
        _ranked.Clear();
        _lines.Clear();
        for (int i = 0; i < waiting.Length; i++)
        {
            int rank = aging.Rank(waiting[i].Priority, waiting[i].Arrived, now);
            int place = _lines.GetValueOrDefault((waiting[i].Tenant, rank));
            _lines[(waiting[i].Tenant, rank)] = place + 1;
            _ranked.Add(new Key(i, rank, place, _served.GetValueOrDefault(waiting[i].Tenant)));
        }

        _ranked.Sort(Compare);
        order.Clear();
        foreach (Key key in _ranked)
        {
            order.Add(key.Index);
        }
    }

    /// <summary>A tenant's turn has started: those of others go first where ranks are equal.</summary>
    public void Started(string tenant)
    {
        if (_served.Count >= KnownTenants)
        {
            _served.Clear();
        }

        _served[tenant] = ++_starts;
    }

    /// <summary>Whether turns behind one that arrived then and finds no room may be tried.</summary>
    public bool MayPass(long arrived, long now) => time.GetElapsedTime(arrived, now) < passing;

    private static int Compare(Key a, Key b) => a.Rank != b.Rank ? b.Rank.CompareTo(a.Rank)
        : a.Place != b.Place ? a.Place.CompareTo(b.Place)
        : a.Served != b.Served ? a.Served.CompareTo(b.Served)
        : a.Index.CompareTo(b.Index);

    /// <param name="Index">Which turn.</param>
    /// <param name="Rank">Priority with what waiting has added.</param>
    /// <param name="Place">How many of its tenant and rank came before it.</param>
    /// <param name="Served">When its tenant had its last turn; 0: never.</param>
    private readonly record struct Key(int Index, int Rank, int Place, long Served);
}

/// <summary>A turn that waits, as far as its order is concerned.</summary>
/// <param name="Priority">Its priority.</param>
/// <param name="Arrived">When it came, a timestamp.</param>
/// <param name="Tenant">Whose it is.</param>
internal readonly record struct WaitingTurn(int Priority, long Arrived, string Tenant = "");
