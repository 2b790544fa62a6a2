using KVCluster.Inference.Torch.Cuda;

namespace KVCluster.Backend.Conformance.Torch;

/// <summary>What of the CUDA runtime's interface can be tried without a GPU.</summary>
public sealed class CudaRuntimeTests
{
    [Fact]
    public void The_copy_that_libtorch_has_loaded_is_the_one_to_call()
    {
        string[] loaded = ["/app/libtorch_cuda.so", "/app/libcudart-218eec4c.so.12", "/lib/libc.so.6"];
        Assert.Equal("/app/libcudart-218eec4c.so.12", CudaLibrary.Candidates(loaded, _ => ["/app/libcudart.so.11"]).First());
    }

    [Fact]
    public void Else_one_beside_libtorch_then_those_of_the_system()
    {
        var folders = new List<string>();
        IEnumerable<string> candidates = CudaLibrary.Candidates(["/app/libtorch_cpu.so", "/app/libc10.so", "/lib/libm.so.6"], folder =>
        {
            folders.Add(folder);
            return ["/app/libcublas.so.12", "/app/libcudart.so.12", "/app/libcudart.so.13", "/app/libcudart_notes.txt"];
        });
        Assert.Equal(["/app/libcudart.so.13", "/app/libcudart.so.12", "libcudart.so.12", "libcudart.so.13", "libcudart.so"], candidates);
        Assert.Equal(["/app"], folders);
    }

    [Theory]
    [InlineData(700, "an illegal memory access was encountered", "cudaErrorIllegalAddress", false)]
    [InlineData(2, "out of memory", "cudaErrorMemoryAllocation", true)]
    public void A_failed_call_is_named_with_its_error(int code, string text, string name, bool exhausted)
    {
        var e = new CudaException("cudaMemcpyAsync", code, name, text);
        Assert.Equal($"cudaMemcpyAsync failed: {text} ({name}, {code})", e.Message);
        Assert.Equal((code, exhausted), (e.ErrorCode, e.IsExhausted));
    }

    [Theory]
    [InlineData(35)]
    [InlineData(100)]
    public void A_missing_driver_is_named_with_what_to_install(int code) =>
        Assert.Contains("install an NVIDIA driver", new CudaException("cudaSetDevice", code, "", "").Message, StringComparison.Ordinal);
}
