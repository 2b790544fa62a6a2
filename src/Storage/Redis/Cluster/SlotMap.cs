namespace KVCluster.Storage.Redis.Cluster;

/// <summary>Which node serves each slot, as last heard. Immutable: a change makes another one.</summary>
internal sealed class SlotMap
{
    private readonly ushort[] _nodeOfSlot;
    private readonly List<RedisEndpoint> _nodes;

    private SlotMap(ushort[] nodeOfSlot, List<RedisEndpoint> nodes)
    {
        _nodeOfSlot = nodeOfSlot;
        _nodes = nodes;
    }

    /// <summary>Knows nothing.</summary>
    public static SlotMap Empty { get; } = new(new ushort[HashSlot.Count], []);

    /// <summary>Every node named.</summary>
    public IReadOnlyList<RedisEndpoint> Nodes => _nodes;

    /// <summary>The node of a slot, or null where none is known.</summary>
    public RedisEndpoint? this[int slot] => _nodeOfSlot[slot] is > 0 and ushort node ? _nodes[node - 1] : null;

    /// <summary>The same map with another node for one slot.</summary>
    public SlotMap With(int slot, RedisEndpoint node)
    {
        ushort[] slots = [.. _nodeOfSlot];
        List<RedisEndpoint> nodes = [.. _nodes];
        slots[slot] = IndexOf(nodes, node);
        return new SlotMap(slots, nodes);
    }

    /// <summary>Reads the answer to CLUSTER SLOTS: [first slot, last slot, [host, port, ...] of the master, replicas...] each.</summary>
    /// <exception cref="RedisException">It is not of that shape.</exception>
    public static SlotMap Read(RespValue reply, RedisEndpoint answered)
    {
        ushort[] slots = new ushort[HashSlot.Count];
        List<RedisEndpoint> nodes = [];
        foreach (RespValue range in reply.Items)
        {
            if (range.Items.Count < 3 || range.Items[2].Items.Count < 2)
            {
                throw new RedisException($"Redis at {answered} describes its slots in an unknown way");
            }

            long first = range.Items[0].Integer;
            long last = range.Items[1].Integer;
            RespValue host = range.Items[2].Items[0];
            long port = range.Items[2].Items[1].Integer;
            if (first < 0 || last < first || last >= HashSlot.Count || port is < 1 or > ushort.MaxValue)
            {
                throw new RedisException($"Redis at {answered} names slots {first} to {last} of port {port}");
            }

            string name = host.IsNull || host.Bytes.IsEmpty || host.Text == "?" ? answered.Host : host.Text;
            slots.AsSpan((int)first, (int)(last - first) + 1).Fill(IndexOf(nodes, new RedisEndpoint(name, (int)port)));
        }

        return new SlotMap(slots, nodes);
    }

    /// <summary>The node's number, 1 for the first: 0 stands for none.</summary>
    private static ushort IndexOf(List<RedisEndpoint> nodes, RedisEndpoint node)
    {
        int index = nodes.IndexOf(node);
        if (index < 0)
        {
            index = nodes.Count;
            nodes.Add(node);
        }

        return checked((ushort)(index + 1));
    }
}
