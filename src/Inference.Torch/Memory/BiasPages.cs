using KVCluster.Inference.Kv;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// Floats of the pages that hold attention biases. The arena has one element type and no other can be seen in the same memory through
/// TorchSharp, so these floats lie in a table beside it that grows with the bias pages in use; the page in the arena stays taken, and so
/// the ledger is the same on every backend. Pages may be exported and imported by other threads than the one that computes.
/// </summary>
internal sealed class BiasPages(KvGeometry geometry, Device device) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, int> _rowOf = [];
    private readonly Stack<int> _free = [];
    private Tensor? _table;

    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _rowOf.Count == 0;
            }
        }
    }

    public long Bytes => _table?.BytesOf() ?? 0;

    /// <summary>All biases as one list; page p's begin at <see cref="Row"/>(p) * BiasSlots.</summary>
    public Tensor Flat => _table!.view(-1);

    public bool Holds(int page)
    {
        lock (_gate)
        {
            return _rowOf.ContainsKey(page);
        }
    }

    public int Row(int page)
    {
        lock (_gate)
        {
            return _rowOf[page];
        }
    }

    /// <summary>The table's row of a page that becomes a bias page; its floats are undefined where it was none.</summary>
    public int Take(int page)
    {
        lock (_gate)
        {
            if (_rowOf.TryGetValue(page, out int row))
            {
                return row;
            }

            if (_free.Count == 0)
            {
                Grow();
            }

            return _rowOf[page] = _free.Pop();
        }
    }

    /// <summary>The page holds something else from here on.</summary>
    public void Forget(int page)
    {
        lock (_gate)
        {
            if (_rowOf.Remove(page, out int row))
            {
                _free.Push(row);
            }
        }
    }

    public void Write(int page, int slot, ReadOnlySpan<float> biases)
    {
        using DisposeScope scope = NewDisposeScope();
        int row = Take(page);
        _table![row].narrow(0, slot, biases.Length).copy_(Tensors.FromFloats(biases, device, biases.Length));
    }

    public void Clear(int page, int slot, int count)
    {
        using DisposeScope scope = NewDisposeScope();
        int row = Take(page);
        _table![row].narrow(0, slot, count).zero_();
    }

    /// <summary>The page's first floats; false where it holds no biases.</summary>
    public bool TryRead(int page, Span<float> destination)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? floats = Gather([page], []);
        floats?.view(-1).narrow(0, 0, destination.Length).CopyTo(destination);
        return floats is not null;
    }

    /// <summary>
    /// Asks the device for the floats of those pages that hold biases, [found, BiasSlots], and says which they are; null where none does. The
    /// lock is not held while the device works.
    /// </summary>
    public Tensor? Gather(ReadOnlySpan<int> pages, List<int> places)
    {
        lock (_gate)
        {
            var rows = new List<Tensor>();
            for (int i = 0; i < pages.Length && _rowOf.Count > 0; i++)
            {
                if (_rowOf.TryGetValue(pages[i], out int row))
                {
                    places.Add(i);
                    rows.Add(_table!.narrow(0, row, 1));
                }
            }

            Tensor? floats = rows.Count == 0 ? null : cat(rows, 0);
            rows.ForEach(r => r.Dispose());
            return floats;
        }
    }

    public void Copy(int from, int to)
    {
        using DisposeScope scope = NewDisposeScope();
        int target = Take(to);
        _table![target].copy_(_table[Row(from)]);
    }

    public void Dispose() => _table?.Dispose();

    private void Grow()
    {
        long rows = _table?.shape[0] ?? 0;
        long grown = Math.Max(4, 2 * rows);
        Tensor table = zeros([grown, geometry.BiasSlots], ScalarType.Float32, device).Keep();
        if (_table is not null)
        {
            using Tensor old = table.narrow(0, 0, rows);
            old.copy_(_table);
            _table.Dispose();
        }

        _table = table;
        for (long row = grown - 1; row >= rows; row--)
        {
            _free.Push((int)row);
        }
    }
}
