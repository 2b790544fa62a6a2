namespace KVCluster.Compression.Pressure.Admission;

/// <summary>
/// Turns that wait for room: bounded in all and for each tenant, first come first served within a tenant, tenants in turn. A turn that does not
/// fit lets others pass a bounded number of times; then all wait for it, so that a large one is not passed for ever. Not safe for use by
/// several threads at once.
/// </summary>
/// <typeparam name="T">What waits.</typeparam>
public sealed class FairQueue<T>
{
    private readonly LinkedList<TenantLine> _lines = [];
    private readonly Dictionary<string, TenantLine> _byTenant = new(StringComparer.Ordinal);
    private readonly int _capacity;
    private readonly int _tenantCapacity;
    private readonly int _patience;

    /// <summary>An empty queue.</summary>
    /// <param name="capacity">Most turns in all.</param>
    /// <param name="tenantCapacity">Most turns of one tenant.</param>
    /// <param name="patience">How often a turn at the head of its line may be passed by turns of others that fit.</param>
    public FairQueue(int capacity, int tenantCapacity, int patience = 16)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tenantCapacity);
        ArgumentOutOfRangeException.ThrowIfNegative(patience);
        _capacity = capacity;
        _tenantCapacity = tenantCapacity;
        _patience = patience;
    }

    /// <summary>Turns that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes they wait for.</summary>
    public long WaitingBytes { get; private set; }

    /// <summary>Bytes of the largest of the turns that are first in their lines; 0 where none waits.</summary>
    public long LargestFirst => _lines.Count == 0 ? 0 : _lines.Max(l => l.Turns.First!.Value.Bytes);

    /// <summary>All that wait, tenant by tenant.</summary>
    public IEnumerable<T> Items => _lines.SelectMany(l => l.Turns).Select(t => t.Item);

    /// <summary>Turns of a tenant that wait.</summary>
    public int CountOf(string tenant) => _byTenant.TryGetValue(tenant, out TenantLine? line) ? line.Turns.Count : 0;

    /// <summary>Lines a turn up; why not, where there is no place.</summary>
    public QueueRefusal? TryEnqueue(string tenant, T item, long bytes)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (CountOf(tenant) >= _tenantCapacity)
        {
            return QueueRefusal.TenantFull;
        }

        if (Count >= _capacity)
        {
            return QueueRefusal.Full;
        }

        if (!_byTenant.TryGetValue(tenant, out TenantLine? line))
        {
            line = new TenantLine(tenant);
            _byTenant.Add(tenant, line);
            _lines.AddLast(line);
        }

        line.Turns.AddLast(new Waiting(item, bytes));
        Count++;
        WaitingBytes += bytes;
        return null;
    }

    /// <summary>
    /// The next turn that fits <paramref name="freeBytes"/>; its tenant goes to the end of the row. False where none may go.
    /// </summary>
    public bool TryDequeue(long freeBytes, out T item)
    {
        for (LinkedListNode<TenantLine>? node = _lines.First; node is not null; node = node.Next)
        {
            Waiting head = node.Value.Turns.First!.Value;
            if (head.Bytes <= freeBytes)
            {
                for (LinkedListNode<TenantLine>? passed = node.Previous; passed is not null; passed = passed.Previous)
                {
                    passed.Value.Turns.First!.Value.Passed++;
                }

                item = head.Item;
                Take(node, node.Value.Turns.First!);
                return true;
            }

            if (head.Passed >= _patience)
            {
                break;
            }
        }

        item = default!;
        return false;
    }

    /// <summary>Takes out a turn that no longer waits (its client has gone); false where it is not there.</summary>
    public bool Remove(string tenant, T item)
    {
        if (!_byTenant.TryGetValue(tenant, out TenantLine? line))
        {
            return false;
        }

        for (LinkedListNode<Waiting>? turn = line.Turns.First; turn is not null; turn = turn.Next)
        {
            if (EqualityComparer<T>.Default.Equals(turn.Value.Item, item))
            {
                LinkedListNode<TenantLine> node = _lines.Find(line)!;
                LinkedListNode<TenantLine>? next = node.Next;
                Take(node, turn);

                // The tenant has had no turn: it keeps its place.
                if (line.Turns.Count > 0 && next is not null)
                {
                    _lines.Remove(line);
                    _lines.AddBefore(next, line);
                }

                return true;
            }
        }

        return false;
    }

    /// <summary>Bytes that turns wait for which would go before one that <paramref name="tenant"/> lines up now.</summary>
    public long BytesAhead(string tenant)
    {
        // Tenants go in turn: of each other line as many as the own one has, and the turn before it.
        int own = CountOf(tenant);
        return _lines.Sum(l => l.Turns.Take(l.Tenant == tenant ? own : own + 1).Sum(t => t.Bytes));
    }

    private void Take(LinkedListNode<TenantLine> node, LinkedListNode<Waiting> turn)
    {
        TenantLine line = node.Value;
        Count--;
        WaitingBytes -= turn.Value.Bytes;
        line.Turns.Remove(turn);
        _lines.Remove(node);
        if (line.Turns.Count > 0)
        {
            _lines.AddLast(line);
        }
        else
        {
            _byTenant.Remove(line.Tenant);
        }
    }

    private sealed class TenantLine(string tenant)
    {
        public string Tenant { get; } = tenant;

        public LinkedList<Waiting> Turns { get; } = [];
    }

    private sealed class Waiting(T item, long bytes)
    {
        public T Item { get; } = item;

        public long Bytes { get; } = bytes;

        public int Passed { get; set; }
    }
}

/// <summary>Why a turn may not wait.</summary>
public enum QueueRefusal
{
    /// <summary>The queue is full.</summary>
    Full,

    /// <summary>The tenant's places are taken.</summary>
    TenantFull,
}
