namespace KVCluster.Worker.Serving.Decisions;

/// <summary>
/// In which order waiting turns are tried: by rank, then by arrival. Where one finds no room, smaller ones behind it may pass it by, but
/// only until it has waited a given time: then room is kept for it.
/// </summary>
internal sealed class AdmissionOrder(Aging aging, TimeProvider time, TimeSpan passing)
{
    private readonly List<(int Index, int Rank)> _ranked = [];

    /// <summary>Fills <paramref name="order"/> with indices into the waiting turns, which are in order of arrival.</summary>
    public void Sort(ReadOnlySpan<(int Priority, long Arrived)> waiting, long now, List<int> order)
    {
        _ranked.Clear();
        for (int i = 0; i < waiting.Length; i++)
        {
            _ranked.Add((i, aging.Rank(waiting[i].Priority, waiting[i].Arrived, now)));
        }

        _ranked.Sort((a, b) => a.Rank != b.Rank ? b.Rank.CompareTo(a.Rank) : a.Index.CompareTo(b.Index));
        order.Clear();
        foreach ((int index, _) in _ranked)
        {
            order.Add(index);
        }
    }

    /// <summary>Whether turns behind one that arrived then and finds no room may be tried.</summary>
    public bool MayPass(long arrived, long now) => time.GetElapsedTime(arrived, now) < passing;
}
