namespace KVCluster.Inference.Cpu;

/// <summary>Indexed work from a method, made once so that a section allocates nothing.</summary>
internal sealed class DelegateWork(Action<int> piece) : IIndexedWork
{
    public void Run(int index, int thread) => piece(index);
}
