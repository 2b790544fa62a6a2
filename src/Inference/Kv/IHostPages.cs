namespace KVCluster.Inference.Kv;

/// <summary>
/// A page store in host memory that lets its pages be read and written in place, without <see cref="IKvPageStore.ExportPages"/>'s copy.
/// </summary>
public interface IHostPages
{
    /// <summary>The bytes of a page where they are, laid out as <see cref="KvGeometry"/> says; valid until the store is disposed.</summary>
    Memory<byte> PageMemory(int page);
}
