using System.Runtime.InteropServices;
using KVCluster.Inference.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Model;

/// <summary>Brings weights from their mapped file to the device, a piece of rows at a time, so that the host never holds a whole matrix.</summary>
internal sealed class WeightUpload(TorchDevice device, ScalarType type)
{
    private const long PieceBytes = 64 << 20;

    /// <summary>Matrices one under the other, [sum of rows, columns], in the compute type.</summary>
    public Tensor Stack(params WeightMatrix[] parts)
    {
        Tensor all = empty([parts.Sum(p => (long)p.Rows), parts[0].Columns], type, device.Handle).Keep();
        try
        {
            long first = 0;
            foreach (WeightMatrix part in parts)
            {
                Fill(all, first, part);
                part.ReleaseResidentPages();
                first += part.Rows;
            }

            return all;
        }
        catch
        {
            all.Dispose();
            throw;
        }
    }

    /// <summary>A vector of float32, kept so: norms are computed in it.</summary>
    public Tensor Vector(float[] values) => Tensors.FromFloats(values, device.Handle, values.Length).Keep();

    /// <summary>Vectors one behind the other in the compute type, zeros where one is missing; null where all are.</summary>
    public Tensor? Biases(params (float[]? Values, int Length)[] parts)
    {
        if (parts.All(p => p.Values is null))
        {
            return null;
        }

        float[] all = [.. parts.SelectMany(p => p.Values ?? new float[p.Length])];
        using DisposeScope scope = NewDisposeScope();
        return Tensors.FromFloats(all, device.Handle, all.Length).to(type).Keep();
    }

    private void Fill(Tensor all, long first, WeightMatrix part)
    {
        ScalarType stored = part.Type switch
        {
            ElementType.F16 => ScalarType.Float16,
            ElementType.BF16 => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        };
        int rowBytes = part.Columns * (stored == ScalarType.Float32 ? sizeof(float) : sizeof(ushort));
        int piece = (int)Math.Clamp(PieceBytes / rowBytes, 1, part.Rows);
        using DisposeScope scope = NewDisposeScope();
        Tensor staging = empty([piece, part.Columns], stored);
        if (device.IsCuda)
        {
            staging = staging.pin_memory();
        }

        for (int row = 0; row < part.Rows; row += piece)
        {
            int count = Math.Min(piece, part.Rows - row);
            Span<byte> bytes = staging.bytes;
            for (int i = 0; i < count; i++)
            {
                Read(part, row + i, stored, bytes.Slice(i * rowBytes, rowBytes));
            }

            using Tensor source = staging.narrow(0, 0, count);
            using Tensor target = all.narrow(0, first + row, count);
            target.copy_(source);
        }
    }

    private static void Read(WeightMatrix part, int row, ScalarType stored, Span<byte> destination)
    {
        if (stored == ScalarType.Float32)
        {
            part.DequantizeRow(row, MemoryMarshal.Cast<byte, float>(destination));
        }
        else
        {
            part.Row(row).CopyTo(destination);
        }
    }
}
