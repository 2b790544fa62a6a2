using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Benchmarks.Torch;

/// <summary>What the device reaches on the plainest work, measured: the peak that shares are shares of.</summary>
/// <param name="BytesPerSecond">Reading and writing a tensor far larger than any cache.</param>
/// <param name="FlopsPerSecond">A square product in the compute type.</param>
internal sealed record DevicePeak(double BytesPerSecond, double FlopsPerSecond)
{
    public static DevicePeak Measure(Device device, ScalarType type)
    {
        bool cuda = device.type == DeviceType.CUDA;
        long numbers = cuda ? 1L << 28 : 1L << 26;
        int size = cuda ? 8192 : 1024;
        using DisposeScope scope = NewDisposeScope();
        Tensor source = ones([numbers], ScalarType.Float32, device);
        Tensor target = empty_like(source);
        double copy = Best(device, () => target.copy_(source));
        Tensor a = ones([size, size], type, device);
        double product = Best(device, () => a.mm(a).Dispose());
        return new DevicePeak(2.0 * numbers * sizeof(float) / copy, 2.0 * size * size * size / product);
    }

    private static double Best(Device device, Action work)
    {
        double best = double.MaxValue;
        for (int i = 0; i < 8; i++)
        {
            Clock clock = Clock.Start();
            work();
            if (device.type == DeviceType.CUDA)
            {
                cuda.synchronize(device);
            }

            best = Math.Min(best, clock.Seconds);
        }

        return best;
    }
}
