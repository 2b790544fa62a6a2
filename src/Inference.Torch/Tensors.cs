using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch;

/// <summary>Short forms of what this backend does most with tensors.</summary>
internal static partial class Tensors
{
    static Tensors() => NativeImports.Register();

    /// <summary>Numbers of a tensor as float32 on the host: one copy, in row-major order.</summary>
    public static void CopyTo(this Tensor tensor, Span<float> destination)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor host = tensor.to(ScalarType.Float32).cpu().contiguous();
        MemoryMarshal.Cast<byte, float>(host.bytes).CopyTo(destination);
    }

    public static float[] ToFloats(this Tensor tensor)
    {
        var values = new float[tensor.NumberOfElements];
        tensor.CopyTo(values);
        return values;
    }

    /// <summary>Host numbers on a device.</summary>
    public static Tensor FromFloats(ReadOnlySpan<float> values, Device device, params long[] shape)
    {
        Tensor host = empty(shape, ScalarType.Float32);
        values.CopyTo(MemoryMarshal.Cast<byte, float>(host.bytes));
        return host.to(device);
    }

    public static Tensor FromLongs(ReadOnlySpan<long> values, Device device)
    {
        Tensor host = empty([values.Length], ScalarType.Int64);
        values.CopyTo(MemoryMarshal.Cast<byte, long>(host.bytes));
        return host.to(device);
    }

    public static Tensor FromInts(ReadOnlySpan<int> values, Device device)
    {
        Tensor host = empty([values.Length], ScalarType.Int32);
        values.CopyTo(MemoryMarshal.Cast<byte, int>(host.bytes));
        return host.to(device);
    }

    /// <summary>Takes a tensor out of all dispose scopes: whoever holds it disposes it.</summary>
    public static Tensor Keep(this Tensor tensor) => tensor.DetachFromDisposeScope();

    public static long BytesOf(this Tensor tensor) => tensor.NumberOfElements * tensor.ElementSize;

    /// <summary>
    /// Where a contiguous tensor's numbers lie, in the memory of its device. TorchSharp shows this for few element types alone, so its native
    /// part is asked. Who uses the address keeps the tensor alive.
    /// </summary>
    public static nint Address(this Tensor tensor)
    {
        nint address = THSTensor_data(tensor.Handle);
        if (address == 0)
        {
            CheckForErrors();
        }

        GC.KeepAlive(tensor);
        return address;
    }

#pragma warning disable IDE1006 // named as TorchSharp names it
    [LibraryImport(NativeImports.TorchSharpLibrary)]
    private static partial nint THSTensor_data(nint tensor);
#pragma warning restore IDE1006
}
