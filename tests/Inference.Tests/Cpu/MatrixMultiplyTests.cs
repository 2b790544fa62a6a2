using KVCluster.Inference.Cpu;
using KVCluster.Inference.Cpu.Packing;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tests.Cpu;

public sealed unsafe class MatrixMultiplyTests
{
    private const int Columns = 416;
    private const int Outputs = 72;
    private const int MostRows = 40;

    [Theory]
    [InlineData(ElementType.Q4_0)]
    [InlineData(ElementType.Q4_1)]
    [InlineData(ElementType.Q8_0)]
    public void A_row_of_a_few_is_to_the_bit_what_it_is_among_many(ElementType type)
    {
        var random = new Random(3);
        var matrix = new RandomMatrix(type, Outputs, Columns, random);
        using var packed = PackedMatrix.Pack(matrix);
        using var x = new NativeBuffer(MostRows * Columns);
        for (int i = 0; i < MostRows * Columns; i++)
        {
            x.Data[i] = (random.NextSingle() * 2) - 1;
        }

        foreach (bool accumulate in new[] { false, true })
        {
            float[] many = Multiply(packed, x, MostRows, accumulate);
            CheckAgainstDecoded(matrix, x, many, accumulate);
            for (int rows = 2; rows < MostRows; rows++)
            {
                Assert.Equal(many[..(rows * Outputs)], Multiply(packed, x, rows, accumulate));
            }
        }
    }

    /// <summary>[rows, Outputs], added to ones where accumulating.</summary>
    private static float[] Multiply(PackedMatrix packed, NativeBuffer x, int rows, bool accumulate)
    {
        const int Stride = 96;
        using var pool = new CpuThreadPool(1);
        using var multiply = new MatrixMultiply(pool);
        using var y = new NativeBuffer(rows * Stride);
        new Span<float>(y.Data, rows * Stride).Fill(1);
        multiply.Of(x.Data, Columns, rows).Into(packed, y.Data, Stride, accumulate).Run();
        var result = new float[rows * Outputs];
        for (int r = 0; r < rows; r++)
        {
            new ReadOnlySpan<float>(y.Data + (r * Stride), Outputs).CopyTo(result.AsSpan(r * Outputs));
        }

        return result;
    }

    private static void CheckAgainstDecoded(RandomMatrix matrix, NativeBuffer x, float[] result, bool accumulate)
    {
        var row = new float[Columns];
        for (int output = 0; output < Outputs; output++)
        {
            matrix.DequantizeRow(output, row);
            for (int r = 0; r < MostRows; r++)
            {
                double sum = accumulate ? 1 : 0;
                for (int k = 0; k < Columns; k++)
                {
                    sum += (double)row[k] * x.Data[(r * Columns) + k];
                }

                Assert.Equal(sum, result[(r * Outputs) + output], 1e-4);
            }
        }
    }

    /// <summary>Random codes with scales and minima of a usual size.</summary>
    private sealed class RandomMatrix : WeightMatrix
    {
        private readonly byte[][] _rows;

        public RandomMatrix(ElementType type, int rows, int columns, Random random)
            : base("random", type, rows, columns)
        {
            int header = type == ElementType.Q4_1 ? 4 : 2;
            int codes = type == ElementType.Q8_0 ? 32 : 16;
            _rows = new byte[rows][];
            for (int r = 0; r < rows; r++)
            {
                _rows[r] = new byte[RowBytes];
                random.NextBytes(_rows[r]);
                for (int at = 0; at < RowBytes; at += header + codes)
                {
                    BitConverter.TryWriteBytes(_rows[r].AsSpan(at), (Half)(random.NextDouble() / (type == ElementType.Q8_0 ? 500 : 50)));
                    if (header == 4)
                    {
                        BitConverter.TryWriteBytes(_rows[r].AsSpan(at + 2), (Half)(-random.NextDouble() / 10));
                    }
                }
            }
        }

        public override ReadOnlySpan<byte> Row(int row) => _rows[row];
    }
}
