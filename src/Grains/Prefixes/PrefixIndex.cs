namespace KVCluster.Grains;

/// <summary>
/// Which sessions have which blocks. A block's hash stands for all tokens up to its end, so the deepest hash that is known is the longest
/// match, whatever became of the ones before. Bounded: the session that was published or found longest ago goes first, whole.
/// </summary>
internal sealed class PrefixIndex(int maxBlocks)
{
    /// <summary>Sessions remembered of a block that many have (a common system prompt): the ones published last.</summary>
    private const int MaxHolders = 8;

    // Most blocks are of one session; of those that several have, the others are beside it.
    private readonly Dictionary<BlockHash, Holder> _blocks = [];
    private readonly Dictionary<BlockHash, List<Holder>> _shared = [];
    private readonly Dictionary<string, Holder> _holders = new(StringComparer.Ordinal);
    private readonly LinkedList<Holder> _byUse = new();
    private long _uses;

    /// <summary>Blocks of all sessions.</summary>
    public int Blocks { get; private set; }

    /// <summary>Sessions known.</summary>
    public int Sessions => _holders.Count;

    /// <summary>A session has these blocks, from its block <paramref name="first"/> on. What it had there before is forgotten.</summary>
    public void Publish(string session, int first, ReadOnlySpan<BlockHash> blocks)
    {
        if (!_holders.TryGetValue(session, out Holder? holder))
        {
            holder = new Holder(session);
            holder.Use = _byUse.AddLast(holder);
            _holders.Add(session, holder);
        }

        Cut(holder, first);
        foreach (BlockHash block in blocks)
        {
            Add(block, holder);
        }

        holder.Blocks = [.. holder.Blocks, .. blocks];

        Touch(holder);
        while (Blocks > maxBlocks)
        {
            Withdraw(_byUse.First!.Value.Session);
        }
    }

    /// <summary>Forgets a session.</summary>
    public void Withdraw(string session)
    {
        if (_holders.Remove(session, out Holder? holder))
        {
            Cut(holder, 0);
            _byUse.Remove(holder.Use!);
        }
    }

    /// <summary>The session with the most of these blocks; of several the one used last.</summary>
    public PrefixMatch? Find(ReadOnlySpan<BlockHash> blocks)
    {
        for (int last = blocks.Length - 1; last >= 0; last--)
        {
            if (_blocks.TryGetValue(blocks[last], out Holder? latest))
            {
                latest = _shared.GetValueOrDefault(blocks[last], []).Append(latest).MaxBy(holder => holder.LastUse)!;
                Touch(latest);
                return new PrefixMatch(latest.Session, (last + 1) * BlockHashes.BlockTokens);
            }
        }

        return null;
    }

    private void Add(BlockHash block, Holder holder)
    {
        if (!_blocks.TryAdd(block, holder))
        {
            if (!_shared.TryGetValue(block, out List<Holder>? others))
            {
                _shared.Add(block, others = new List<Holder>(1));
            }

            if (others.Count == MaxHolders - 1)
            {
                Remove(block, others.Append(_blocks[block]).MinBy(other => other.LastUse)!);
            }

            others.Add(holder);
        }

        Blocks++;
    }

    /// <summary>Forgets a session's blocks from <paramref name="first"/> on; where it has fewer there is nothing to forget.</summary>
    private void Cut(Holder holder, int first)
    {
        int keep = Math.Clamp(first - holder.Skipped, 0, holder.Blocks.Length);
        for (int i = holder.Blocks.Length - 1; i >= keep; i--)
        {
            Blocks--;
            Remove(holder.Blocks[i], holder);
        }

        holder.Blocks = holder.Blocks[..keep];
        if (keep == 0)
        {
            // Blocks before the first one told of: an index that started later than the session.
            holder.Skipped = first;
        }
    }

    private void Remove(BlockHash block, Holder holder)
    {
        List<Holder>? others = _shared.GetValueOrDefault(block);
        if (!ReferenceEquals(_blocks.GetValueOrDefault(block), holder))
        {
            others?.Remove(holder);
        }
        else if (others is { Count: > 0 })
        {
            _blocks[block] = others[^1];
            others.RemoveAt(others.Count - 1);
        }
        else
        {
            _blocks.Remove(block);
        }

        if (others is { Count: 0 })
        {
            _shared.Remove(block);
        }
    }

    private void Touch(Holder holder)
    {
        holder.LastUse = ++_uses;
        _byUse.Remove(holder.Use!);
        _byUse.AddLast(holder.Use!);
    }

    private sealed class Holder(string session)
    {
        public string Session { get; } = session;

        public BlockHash[] Blocks { get; set; } = [];

        public int Skipped { get; set; }

        public long LastUse { get; set; }

        public LinkedListNode<Holder>? Use { get; set; }
    }
}
