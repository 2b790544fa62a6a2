using System.Runtime.InteropServices;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// Collects moves of rows and hands them on in pieces of bounded size, in the order they came. A piece that the device has no memory for is
/// cut in halves, down to one row: targets lie at or before their sources and before all later ones, so any cut moves the same rows.
/// </summary>
/// <param name="capacity">Most rows of a piece.</param>
/// <param name="move">Moves a piece, whole or not at all.</param>
/// <param name="apart">No target is a source: a part of the moves does no harm, and all may be done again.</param>
internal sealed class RowMoves(int capacity, RowMoves.Move move, bool apart = false)
{
    private readonly List<long> _from = [];
    private readonly List<long> _to = [];
    private bool _moved;

    /// <summary>Moves rows from[i] to to[i], all read before any is written.</summary>
    public delegate void Move(ReadOnlySpan<long> from, ReadOnlySpan<long> to);

    /// <summary>Row kept[i] of a paged list to row i, for all that move.</summary>
    public void Add(ReadOnlySpan<int> pages, ReadOnlySpan<int> kept, int pageRows)
    {
        for (int i = 0; i < kept.Length; i++)
        {
            int source = kept[i];
            if (source != i)
            {
                Add(((long)pages[source / pageRows] * pageRows) + (source % pageRows), ((long)pages[i / pageRows] * pageRows) + (i % pageRows));
            }
        }
    }

    public void Add(long from, long to)
    {
        _from.Add(from);
        _to.Add(to);
        if (_from.Count == capacity)
        {
            Flush();
        }
    }

    /// <summary>
    /// Hands on what was collected. Where not one row can be moved for want of memory, what the device says is thrown if nothing was moved
    /// before, or no target is a source, so that all sources are as they were; else <see cref="InvalidOperationException"/>.
    /// </summary>
    public void Flush()
    {
        Run(CollectionsMarshal.AsSpan(_from), CollectionsMarshal.AsSpan(_to));
        _from.Clear();
        _to.Clear();
    }

    private void Run(ReadOnlySpan<long> from, ReadOnlySpan<long> to)
    {
        if (from.IsEmpty || TryMove(from, to))
        {
            return;
        }

        int half = from.Length / 2;
        Run(from[..half], to[..half]);
        Run(from[half..], to[half..]);
    }

    /// <summary>False where a part of the piece may still find memory.</summary>
    private bool TryMove(ReadOnlySpan<long> from, ReadOnlySpan<long> to)
    {
        try
        {
            move(from, to);
            _moved = !apart;
            return true;
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e) && from.Length > 1)
        {
            return false;
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e) && _moved)
        {
            throw new InvalidOperationException("the device ran out of memory among moves of rows: some have moved, others have not", e);
        }
    }
}
