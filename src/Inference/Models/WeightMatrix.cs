using KVCluster.Inference.Quantization;

namespace KVCluster.Inference.Models;

/// <summary>
/// A weight matrix [Rows, Columns] (Rows = outputs) as stored in a memory-mapped file: rows are read where they lie and never copied
/// whole. Row order is the model's own (a GGUF's permuted Q and K rows are already mapped back; a fused matrix appears as its parts).
/// </summary>
public abstract class WeightMatrix
{
    /// <summary>Describes a matrix.</summary>
    protected WeightMatrix(string name, ElementType type, int rows, int columns)
    {
        Name = name;
        Type = type;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>Name of the tensor in its file.</summary>
    public string Name { get; }

    /// <summary>Encoding of every row.</summary>
    public ElementType Type { get; }

    /// <summary>Outputs.</summary>
    public int Rows { get; }

    /// <summary>Inputs.</summary>
    public int Columns { get; }

    /// <summary>Stored bytes of one row.</summary>
    public int RowBytes => ElementTypes.RowBytes(Type, Columns);

    /// <summary>The encoded bytes of one row, in place.</summary>
    public abstract ReadOnlySpan<byte> Row(int row);

    /// <summary>Writes one row as float32.</summary>
    public void DequantizeRow(int row, Span<float> destination) => Dequantizer.ToSingle(Type, Row(row), destination[..Columns]);

    /// <summary>The rows were copied elsewhere: lets the operating system drop the file's pages from this process.</summary>
    public virtual void ReleaseResidentPages()
    {
    }
}
