namespace KVCluster.Compression.Pressure;

/// <summary>
/// The best acts of all sessions at a price. Sessions that share pages are weighed together: each by its own bytes, or all of them leaving
/// for theirs and the shared ones.
/// </summary>
internal sealed class ActChoices
{
    private readonly List<(int[] Members, long Bytes)> _groups = [];

    /// <param name="candidates">The sessions.</param>
    /// <param name="shared">What they share; a group of which somebody may not leave has nothing to give together.</param>
    public ActChoices(IReadOnlyList<PricedCandidate> candidates, IReadOnlyList<SharedBytes> shared)
    {
        Candidates = candidates;
        if (shared.Count == 0)
        {
            return;
        }

        Dictionary<string, int> byName = new(StringComparer.Ordinal);
        for (int i = 0; i < candidates.Count; i++)
        {
            byName[candidates[i].Candidate.Session] = i;
        }

        foreach (SharedBytes group in shared)
        {
            if (group.Sessions.All(name => byName.TryGetValue(name, out int i) && candidates[i].LeavesAtOnce))
            {
                _groups.Add(([.. group.Sessions.Order(StringComparer.Ordinal).Select(name => byName[name])], group.Bytes));
            }
        }
    }

    /// <summary>The sessions.</summary>
    public IReadOnlyList<PricedCandidate> Candidates { get; }

    /// <summary>The act of greatest gain for each.</summary>
    public ActOption[] Best(double price)
    {
        ActOption[] options = [.. Candidates.Select(c => c.Best(price))];
        foreach ((int[] members, long bytes) in _groups)
        {
            if (IsBetter(members, bytes, options, price))
            {
                Leave(members, bytes, options);
            }
        }

        return options;
    }

    /// <summary>As much as can be had, whatever it costs.</summary>
    public ActOption[] Most()
    {
        ActOption[] options = [.. Candidates.Select(c => c.Most())];
        _groups.ForEach(group => Leave(group.Members, group.Bytes, options));
        return options;
    }

    /// <summary>Bytes that the best acts at a price free; not exact beyond <paramref name="enough"/>. Not decreasing in the price.</summary>
    public long Freed(double price, long enough)
    {
        long freed = 0;
        if (_groups.Count > 0)
        {
            return Best(price).Sum(o => o.Freed);
        }

        for (int i = 0; i < Candidates.Count && freed < enough; i++)
        {
            freed += Candidates[i].Best(price).Freed;
        }

        return freed;
    }

    /// <summary>
    /// Groups that leave together and need not go back to what is best for each, the dearest first; returns the bytes that are left of the
    /// surplus.
    /// </summary>
    /// <param name="options">What was chosen at the price.</param>
    /// <param name="price">The price.</param>
    /// <param name="surplus">Bytes that are not needed.</param>
    /// <param name="together">Set to whose leaving counts only with others'.</param>
    public long GiveBackGroups(ActOption[] options, double price, long surplus, HashSet<int> together)
    {
        foreach ((int[] members, long bytes) in _groups.OrderByDescending(g => g.Members.Sum(i => options[i].Cost) / Math.Max(1, g.Bytes)))
        {
            if (members.Sum(i => options[i].Freed) < members.Sum(i => Candidates[i].Candidate.Bytes) + bytes)
            {
                continue;
            }

            ActOption[] alone = [.. members.Select(i => Candidates[i].Best(price))];
            long less = members.Sum(i => options[i].Freed) - alone.Sum(o => o.Freed);
            if (less <= surplus)
            {
                surplus -= less;
                for (int n = 0; n < members.Length; n++)
                {
                    options[members[n]] = alone[n];
                }
            }
            else
            {
                together.UnionWith(members);
            }
        }

        return surplus;
    }

    private bool IsBetter(int[] members, long bytes, ActOption[] options, double price)
    {
        double alone = 0;
        double leaving = price * bytes;
        foreach (int i in members)
        {
            alone += Math.Max(0, PricedCandidate.Gain(options[i], price));
            leaving += PricedCandidate.Gain(Candidates[i].Leave(0)!.Value, price);
        }

        return leaving > alone;
    }

    // Who leaves last frees them; which that is tells no plan: each has its part.
    private void Leave(int[] members, long bytes, ActOption[] options)
    {
        for (int n = 0; n < members.Length; n++)
        {
            long part = (bytes / members.Length) + (n < bytes % members.Length ? 1 : 0);
            options[members[n]] = Candidates[members[n]].Leave(part)!.Value;
        }
    }
}
