using KVCluster.Inference.Torch.Memory;

namespace KVCluster.Backend.Conformance.Torch;

/// <summary>Moves of rows on a device that has little memory left.</summary>
public sealed class RowMovesTests
{
    private readonly long[] _rows = [.. Enumerable.Range(0, 40).Select(i => (long)i)];
    private int _most = int.MaxValue;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void Pieces_too_large_for_the_device_are_cut_and_move_the_same_rows(int most)
    {
        _most = most;
        int[] kept = [.. Enumerable.Range(0, 40).Where(i => i % 3 != 1)];
        RowMoves moves = Keep(kept);
        moves.Flush();
        Assert.Equal(kept.Select(k => (long)k), _rows[..kept.Length]);
    }

    [Fact]
    public void A_device_that_has_no_memory_for_one_row_says_so_and_nothing_has_moved()
    {
        _most = 0;
        Assert.Throws<OutOfMemoryException>(Keep([1, 2, 3]).Flush);
        Assert.Equal(Enumerable.Range(0, 40).Select(i => (long)i), _rows);
    }

    [Fact]
    public void Memory_that_goes_among_the_moves_is_no_full_arena()
    {
        RowMoves moves = Keep([1, 2, 3]);
        moves.Flush();
        _most = 0;
        moves.Add(9, 8);
        Assert.Throws<InvalidOperationException>(moves.Flush);
    }

    private RowMoves Keep(int[] kept)
    {
        var moves = new RowMoves(16, Move);
        moves.Add([0], kept, 40);
        return moves;
    }

    private void Move(ReadOnlySpan<long> from, ReadOnlySpan<long> to)
    {
        if (from.Length > _most)
        {
            throw new OutOfMemoryException();
        }

        long[] read = new long[from.Length];
        for (int i = 0; i < read.Length; i++)
        {
            read[i] = _rows[from[i]];
        }

        for (int i = 0; i < read.Length; i++)
        {
            _rows[to[i]] = read[i];
        }
    }
}
