using KVCluster.Inference.Kv;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// Block tables of the caches in use, on the device: [seats, planes, layers, KV heads, pages] page numbers, planes being keys, values and
/// observation. A step brings only what changed since a cache's last step: as a rule one page a head now and then.
/// </summary>
internal sealed class BlockTables : IDisposable
{
    private const int Planes = 3;
    private const int UsualSeats = 64;

    private readonly KvGeometry _geometry;
    private readonly Device _device;
    private readonly List<BlockSeat> _seats = [];
    private readonly List<long> _changed = [];
    private readonly List<int> _values = [];
    private Tensor? _table;
    private int _capacity;
    private int _tableSeats;
    private long _step;

    public BlockTables(KvGeometry geometry, Device device)
    {
        _geometry = geometry;
        _device = device;
    }

    /// <summary>Rows from a plane to the next.</summary>
    public int PlaneRows => _geometry.Heads;

    public long Bytes => _table?.BytesOf() ?? 0;

    /// <summary>The row of a cache's keys of one head; those of values and observation lie <see cref="PlaneRows"/> further each.</summary>
    public static long Row(SlotState state, int head) => state.Seat!.FirstRow + head;

    /// <summary>The first <paramref name="pages"/> page numbers of rows [n], as int32 [n, pages].</summary>
    public Tensor Pages(Tensor rows, int pages) => _table!.view(-1, _capacity).index_select(0, rows).narrow(1, 0, pages);

    /// <summary>Seats all caches of a step and brings their page numbers up to date.</summary>
    public void Sync(IReadOnlyList<KvCache> caches)
    {
        _step++;
        int longest = 1;
        for (int i = 0; i < caches.Count; i++)
        {
            longest = Math.Max(longest, Longest(caches[i]));
            Sit((SlotState)caches[i].Companion!);
        }

        Reserve(longest);
        _changed.Clear();
        _values.Clear();
        for (int i = 0; i < caches.Count; i++)
        {
            Compare(caches[i], (SlotState)caches[i].Companion!);
        }

        if (_changed.Count > 0)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor index = Tensors.FromLongs(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_changed), _device);
            Tensor values = Tensors.FromInts(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_values), _device);
            _table!.view(-1).index_copy_(0, index, values);
        }
    }

    public void Dispose() => _table?.Dispose();

    private int Longest(KvCache cache)
    {
        int longest = 0;
        for (int i = 0; i < _geometry.Heads; i++)
        {
            longest = Math.Max(longest, cache.KeyPages(i / _geometry.KvHeads, i % _geometry.KvHeads).Length);
        }

        return longest;
    }

    private void Sit(SlotState state)
    {
        BlockSeat? seat = state.Seat;
        if (seat is null)
        {
            seat = FreeSeat();
            seat.Take(state);
        }

        seat.UsedAt = _step;
    }

    private BlockSeat FreeSeat()
    {
        BlockSeat? oldest = null;
        foreach (BlockSeat seat in _seats)
        {
            if (seat.Owner is null)
            {
                return seat;
            }

            if (seat.UsedAt < _step && (oldest is null || seat.UsedAt < oldest.UsedAt))
            {
                oldest = seat;
            }
        }

        if (oldest is not null && _seats.Count >= UsualSeats)
        {
            oldest.Release();
            return oldest;
        }

        var added = new BlockSeat((long)_seats.Count * Planes * PlaneRows, Planes * PlaneRows);
        _seats.Add(added);
        return added;
    }

    private void Reserve(int pages)
    {
        if (_table is not null && pages <= _capacity && _seats.Count <= _tableSeats)
        {
            return;
        }

        _capacity = Math.Max(_capacity, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, pages)));
        _tableSeats = Math.Max(_tableSeats, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, _seats.Count)));
        _table?.Dispose();
        _table = zeros([(long)_tableSeats * Planes * PlaneRows, _capacity], ScalarType.Int32, _device).Keep();
        foreach (BlockSeat seat in _seats)
        {
            seat.Forget();
        }
    }

    private void Compare(KvCache cache, SlotState state)
    {
        BlockSeat seat = state.Seat!;
        if (seat.PagesVersion == cache.PagesVersion && seat.StateVersion == state.Version)
        {
            return;
        }

        for (int i = 0; i < _geometry.Heads; i++)
        {
            int layer = i / _geometry.KvHeads;
            int head = i % _geometry.KvHeads;
            Compare(seat, i, cache.KeyPages(layer, head));
            Compare(seat, i + PlaneRows, cache.ValuePages(layer, head));
            Compare(seat, i + (2 * PlaneRows), state.Pages(i));
        }

        seat.PagesVersion = cache.PagesVersion;
        seat.StateVersion = state.Version;
    }

    private void Compare(BlockSeat seat, int row, ReadOnlySpan<int> pages)
    {
        List<int> known = seat.Known(row);
        int same = pages.CommonPrefixLength(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(known));
        if (same == pages.Length && same == known.Count)
        {
            return;
        }

        int before = known.Count;
        known.RemoveRange(same, before - same);
        long first = (seat.FirstRow + row) * _capacity;
        for (int i = same; i < pages.Length; i++)
        {
            known.Add(pages[i]);
            _changed.Add(first + i);
            _values.Add(pages[i]);
        }

        // What lies behind the end is read, and of observation written, as padding: it must be nobody's page.
        for (int i = pages.Length; i < before; i++)
        {
            _changed.Add(first + i);
            _values.Add(0);
        }
    }
}
