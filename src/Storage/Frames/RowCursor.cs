using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>Goes through the rows of a block in order, as floats.</summary>
internal sealed class RowCursor(IReadOnlyList<RowRun> block, KvGeometry geometry)
{
    private int _run;
    private int _row;

    /// <summary>The next rows, [count, headSize].</summary>
    public void Read(Span<float> rows)
    {
        for (; !rows.IsEmpty; rows = rows[geometry.HeadSize..])
        {
            RowRun run = Next(out int row);
            Span<float> target = rows[..geometry.HeadSize];
            ReadOnlySpan<float> read = RowFloats.Read(run, row, geometry, target);
            read.CopyTo(target);
        }
    }

    /// <summary>Writes the next rows, [count, headSize].</summary>
    public void Write(ReadOnlySpan<float> rows)
    {
        for (; !rows.IsEmpty; rows = rows[geometry.HeadSize..])
        {
            RowRun run = Next(out int row);
            RowFloats.Write(run, row, geometry, rows[..geometry.HeadSize]);
        }
    }

    private RowRun Next(out int row)
    {
        while (_row == block[_run].Count)
        {
            _run++;
            _row = 0;
        }

        row = _row++;
        return block[_run];
    }
}
